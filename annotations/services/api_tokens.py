"""API tokens: shown once, kept as a hash, revoked by deletion (docs/decisions/0006-api-tokens.md)."""

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from annotations.models import ApiToken

PREFIX = "etem_"  # so that a token left in a file is recognised for what it is
SECRET_BYTES = 32
HINT_LENGTH = 10
MAX_PER_USER = 20
LAST_USED_EVERY = timedelta(minutes=1)  # a script asking a thousand times a minute writes once


def fingerprint(secret):
    """SHA-256, in hex. No salt or stretching: 256 random bits cannot be guessed or tabulated."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(*, user, name, lifetime_days=None):
    """A new token and its secret, which is never seen again.

    Raises
    ------
    ValidationError
        If the name is empty or taken, or the person has too many tokens.
    """
    if ApiToken.objects.owned_by(user).count() >= MAX_PER_USER:
        raise ValidationError(f"You have {MAX_PER_USER} tokens, the most there can be; revoke one first.")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken(
        user=user,
        name=name.strip(),
        hint=secret[:HINT_LENGTH],
        secret_sha256=fingerprint(secret),
        expires_at=timezone.now() + timedelta(days=lifetime_days) if lifetime_days else None,
    )
    if ApiToken.objects.owned_by(user).filter(name=token.name).exists():
        raise ValidationError({"name": f"You have a token named “{token.name}”; choose another name."})
    token.full_clean()
    token.save()
    return token, secret


def revoke_token(*, token):
    """Whatever uses it is refused from its next request on."""
    token.delete()


def use_token(*, secret):
    """The valid token of this secret, or None; notes that it was used."""
    token = ApiToken.objects.valid().select_related("user").filter(secret_sha256=fingerprint(secret)).first()
    if token:
        now = timezone.now()
        if token.last_used_at is None or token.last_used_at < now - LAST_USED_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
