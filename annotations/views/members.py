from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations.forms import InviteForm, RoleForm
from annotations.models import Invitation, Membership, Project, Role
from annotations.services.access import fetch
from annotations.services.invitations import create_invitation, revoke_invitation
from annotations.services.mail import sends_mail
from annotations.services.members import change_role, leave_project, remove_member


@require_GET
def members(request, pk):
    return _page(request, fetch(Project.objects, by=request.user, pk=pk))


@require_POST
def member_role(request, pk, membership_pk):
    membership = _membership(request, pk, membership_pk)
    try:
        change_role(by=request.user, membership=membership, role=request.POST.get("role", ""))
    except ValidationError as error:
        return _refused(request, membership.project, error)
    fresh = Membership.objects.get(pk=membership.pk)
    messages.success(request, f"{membership.user.display_name} is now {fresh.get_role_display().lower()}.")
    return redirect("project-members", pk)


@require_POST
def member_remove(request, pk, membership_pk):
    membership = _membership(request, pk, membership_pk)
    try:
        remove_member(by=request.user, membership=membership)
    except ValidationError as error:
        return _refused(request, membership.project, error)
    messages.success(request, f"{membership.user.display_name} is no longer a member.")
    return redirect("project-members", pk) if membership.user != request.user else redirect("projects")


@require_POST
def project_leave(request, pk):
    project = fetch(Project.objects, by=request.user, pk=pk)
    try:
        leave_project(by=request.user, project=project)
    except ValidationError as error:
        return _refused(request, project, error)
    messages.success(request, f"You have left “{project}”.")
    return redirect("projects")


@require_POST
@never_cache
def invite(request, pk):
    """Answers with the page itself and not by redirection: the link is kept nowhere to be shown later."""
    project = fetch(Project.objects, by=request.user, may="manageable_by", pk=pk)
    form = InviteForm(request.POST, giver_role=project.role_of(request.user))
    if not form.is_valid():
        return _page(request, project, status=400, invite_form=form)

    def link_of(secret):
        return request.build_absolute_uri(reverse("invitation", args=[secret]))

    try:
        invitation, link = create_invitation(
            by=request.user, project=project, link_of=link_of, **form.cleaned_data
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, project, status=400, invite_form=form)
    return _page(request, project, new_invitation=invitation, link=link)


@require_POST
def invitation_revoke(request, pk, invitation_pk):
    invitation = fetch(
        Invitation.objects, by=request.user, may="manageable_by", project_id=pk, pk=invitation_pk
    )
    try:
        revoke_invitation(invitation=invitation)
    except ValidationError as error:
        return _refused(request, invitation.project, error)
    messages.success(request, "The invitation is taken back; its link no longer works.")
    return redirect("project-members", pk)


def _membership(request, pk, membership_pk):
    rows = Membership.objects.select_related("user", "project")
    return fetch(rows, by=request.user, may="manageable_by", project_id=pk, pk=membership_pk)


def _refused(request, project, error):
    messages.error(request, " ".join(error.messages))
    return _page(request, project, status=400)


def _page(request, project, *, status=200, **more):
    role = project.role_of(request.user)
    is_manager = role in Role.at_least(Role.MANAGER)
    memberships = project.memberships.select_related("user").order_by("since", "pk")
    # A manager has no say over an owner: those rows come without buttons.
    rows = [
        {
            "membership": membership,
            "may_change": is_manager and membership.role in Role.up_to(role),
            "form": RoleForm(initial={"role": membership.role}, giver_role=role, auto_id=False),
        }
        for membership in memberships
    ]
    words = {
        "project": project,
        "role": role,
        "roles": ROLES,
        "rows": rows,
        "is_manager": is_manager,
        "invite_form": InviteForm(giver_role=role) if is_manager else None,
        "invitations": project.invitations.open().select_related("invited_by") if is_manager else [],
        "sends_mail": sends_mail(),
    }
    return render(request, "annotations/members.html", words | more, status=status)


ROLES = [
    (Role.OWNER, "all of the below; makes other owners, decides about the project"),
    (Role.MANAGER, "invites people, gives roles, defines classes"),
    (Role.REVIEWER, "judges what others drew; may do all an annotator may"),
    (Role.ANNOTATOR, "uploads, calibrates, draws, runs engines"),
    (Role.VIEWER, "sees and exports everything, changes nothing"),
]
