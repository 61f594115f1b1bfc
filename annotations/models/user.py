from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone


class User(AbstractUser):
    """A person with a log-in. What they may see follows from their memberships alone."""

    @property
    def display_name(self):
        return self.get_full_name() or self.username


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def owned_by(self, user):
        return self.filter(user_id=user.pk)

    def valid(self):
        """Tokens that open the API now: not expired, of a person who may still log in."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), user__is_active=True)


class ApiToken(models.Model):
    """One program's key to its owner's account (docs/decisions/0006-api-tokens.md)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60, help_text="What uses it, e.g. “microscope PC”.")
    hint = models.CharField(max_length=12, help_text="The secret's first characters, to tell tokens apart.")
    secret_sha256 = models.CharField(max_length=64, unique=True, help_text="The secret itself is not kept.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until revoked.")
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Right to a minute.")
    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="api_token_name_once_per_user"),
        ]

    def __str__(self):
        return f"{self.name} of {self.user}"

    @property
    def is_expired(self):
        return self.expires_at is not None and self.expires_at <= timezone.now()
