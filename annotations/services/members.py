"""Who belongs to a project, and as what. A project always has an owner."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from annotations.models import Membership, Project, Role
from annotations.services.notify import push

LAST_OWNER = "{name} is the only owner of “{project}”; make somebody else an owner first."


@transaction.atomic
def change_role(*, by, membership, role) -> Membership:
    """Give a member another role, up to one's own.

    Raises
    ------
    PermissionDenied
        If the old or the new role is above `by`'s.
    ValidationError
        If the role is unknown, or the project would be left without an owner.
    """
    if role not in Role.values:
        raise ValidationError({"role": f"“{role}” is no role; choose one of {', '.join(Role.values)}."})
    membership = _locked(membership)
    own_role = reach(by=by, project=membership.project, role=membership.role)
    if role not in Role.up_to(own_role):
        raise PermissionDenied(f"As {own_role} you can give no role above your own.")
    if role != Role.OWNER:
        _keep_an_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    _tell(membership.project_id)
    return membership


@transaction.atomic
def remove_member(*, by, membership):
    """Take somebody out of the project; what they drew stays, under their name."""
    membership = _locked(membership)
    if membership.user_id != by.pk:
        reach(by=by, project=membership.project, role=membership.role)
    _keep_an_owner(membership)
    membership.delete()
    _tell(membership.project_id)


def leave_project(*, by, project):
    membership = Membership.objects.filter(project=project, user=by).first()
    if membership is None:
        raise ValidationError(f"You are no member of “{project}”.")
    remove_member(by=by, membership=membership)


@transaction.atomic
def add_member(*, user, project, role) -> Membership:
    """Make `user` a member; one who already is keeps the higher of the two roles."""
    Project.objects.select_for_update().get(pk=project.pk)
    membership = Membership.objects.filter(project=project, user=user).first()
    if membership is None:
        membership = Membership.objects.create(project=project, user=user, role=role)
    elif role in Role.at_least(membership.role) and role != membership.role:
        membership.role = role
        membership.save(update_fields=["role"])
    _tell(project.pk)
    return membership


def reach(*, by, project, role):
    """The role of `by`, if it reaches up to `role`: a manager has no say over an owner."""
    own_role = project.role_of(by)
    if own_role not in Role.at_least(Role.MANAGER):
        raise PermissionDenied("Only managers and owners of the project may do this; ask one of them.")
    if role not in Role.up_to(own_role):
        raise PermissionDenied(f"A {own_role} may not change an {role}; ask an owner of the project.")
    return own_role


def _locked(membership):
    """The row as it is now. Whoever changes a project's members holds the project's row, one at a time:
    else two owners could remove each other at the same moment."""
    project = Project.objects.select_for_update().get(pk=membership.project_id)
    fresh = Membership.objects.select_related("user").filter(pk=membership.pk).first()
    if fresh is None:
        raise ValidationError("This person is no longer a member of the project.")
    fresh.project = project
    return fresh


def _keep_an_owner(membership):
    # An owner who may no longer log in cannot look after the project, so they do not count.
    others = Membership.objects.filter(project=membership.project, role=Role.OWNER, user__is_active=True)
    if membership.role == Role.OWNER and not others.exclude(pk=membership.pk).exists():
        raise ValidationError(
            LAST_OWNER.format(name=membership.user.display_name, project=membership.project),
            code="last_owner",
        )


def _tell(project_id):
    push(project_id=project_id, kind="members", payload={})
