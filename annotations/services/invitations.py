"""Invitations: a link shown once, good for one person and seven days, taken back by deletion."""

import secrets
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Invitation, Role
from annotations.services.api_tokens import fingerprint
from annotations.services.mail import sends_mail
from annotations.services.members import add_member

LIFETIME = timedelta(days=7)
SECRET_BYTES = 32
GONE = "This invitation was used, taken back or has expired; ask for a new one."
TAKEN = "This username is taken; choose another."
MAIL = """{inviter} invites you to the project “{project}” as {role}.

Open this link within seven days:
{link}

It works once. If you did not expect it, do nothing.
"""


def create_invitation(*, by, project, role, link_of, email=""):
    """An invitation and its link, which is never seen again; mailed where the site can send mail.

    `link_of` makes the absolute address from the secret.

    Raises
    ------
    PermissionDenied
        If `by` may not invite, or not as that role.
    ValidationError
        If role or e-mail address are wrong.
    """
    if role not in Role.values:
        raise ValidationError({"role": f"“{role}” is no role; choose one of {', '.join(Role.values)}."})
    own_role = project.role_of(by)
    if own_role not in Role.at_least(Role.MANAGER):
        raise PermissionDenied("Only managers and owners of the project may invite people.")
    if role not in Role.up_to(own_role):
        raise PermissionDenied(f"As {own_role} you can give no role above your own.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    invitation = Invitation(
        project=project,
        role=role,
        email=email.strip(),
        invited_by=by,
        token_sha256=fingerprint(secret),
        expires_at=timezone.now() + LIFETIME,
    )
    invitation.full_clean()
    invitation.save()
    link = link_of(secret)
    if invitation.email and sends_mail():
        words = {
            "inviter": by.display_name,
            "project": project,
            "role": invitation.get_role_display().lower(),
        }
        # Told of a failure by the operator's log: the link is on the page in any case.
        send_mail(
            f"Invitation to {' '.join(project.name.split())}",
            MAIL.format(link=link, **words),
            None,
            [invitation.email],
            fail_silently=True,
        )
    return invitation, link


def revoke_invitation(*, invitation):
    """The link is dead from now on."""
    if invitation.accepted_at:
        raise ValidationError("This invitation has been used; remove the member instead.")
    invitation.delete()


def open_invitation(*, secret):
    """The invitation behind a link, or None."""
    rows = Invitation.objects.open().select_related("project", "invited_by")
    return rows.filter(token_sha256=fingerprint(secret)).first()


@transaction.atomic
def accept_invitation(*, user, secret):
    """Make `user` a member; gives the project. A second use of the link finds it used."""
    rows = Invitation.objects.open().select_for_update(of=("self",)).select_related("project", "invited_by")
    invitation = rows.filter(token_sha256=fingerprint(secret)).first()
    if invitation is None:
        raise ValidationError(GONE, code="gone")
    # Who was demoted or removed since may no longer hand out what they promised.
    inviter_role = invitation.project.role_of(invitation.invited_by)
    if inviter_role not in Role.at_least(Role.MANAGER) or invitation.role not in Role.up_to(inviter_role):
        raise ValidationError(
            "Whoever invited you may no longer do so; ask an owner of the project.", code="gone"
        )
    add_member(user=user, project=invitation.project, role=invitation.role)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_by=user, accepted_at=timezone.now())
    return invitation.project


@transaction.atomic
def sign_up(*, secret, username, password, first_name="", last_name="", email=""):
    """A new account by invitation, which it uses up; gives the user and the project."""
    people = get_user_model().objects
    if people.filter(username__iexact=username).exists():
        raise ValidationError({"username": TAKEN})
    user = people.model(username=username, first_name=first_name, last_name=last_name, email=email)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    user.set_password(password)
    user.full_clean()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise ValidationError({"username": TAKEN}) from None
    return user, accept_invitation(user=user, secret=secret)
