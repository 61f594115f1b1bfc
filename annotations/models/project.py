from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone


class Role(models.TextChoices):
    """What a member may do; each role may do all that those below it may."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    REVIEWER = "reviewer", "Reviewer"
    ANNOTATOR = "annotator", "Annotator"
    VIEWER = "viewer", "Viewer"

    @classmethod
    def at_least(cls, role):
        """The roles that may do what `role` may."""
        return cls.values[: cls.values.index(role) + 1]

    @classmethod
    def up_to(cls, role):
        """The roles that `role` may give: its own and those below it."""
        return cls.values[cls.values.index(role) :]


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user):
        return self.with_role(user, Role.VIEWER)

    def editable_by(self, user):
        """Where `user` may upload, draw and start runs."""
        return self.with_role(user, Role.ANNOTATOR)

    def reviewable_by(self, user):
        """Where `user` may call annotations right, and choose the model that images are searched with."""
        return self.with_role(user, Role.REVIEWER)

    def manageable_by(self, user):
        """Where `user` may change classes, members and settings."""
        return self.with_role(user, Role.MANAGER)

    def owned_by(self, user):
        return self.with_role(user, Role.OWNER)

    def with_role(self, user, role):
        memberships = Membership.objects.filter(user_id=user.pk, role__in=Role.at_least(role))
        return self.filter(pk__in=memberships.values("project"))


class Project(models.Model):
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="projects")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="created_projects"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("project", args=[self.pk])

    def role_of(self, user):
        """The role `user` has here, or None."""
        return self.memberships.filter(user_id=user.pk).values_list("role", flat=True).first()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def manageable_by(self, user):
        return self.filter(project__in=Project.objects.manageable_by(user))


class Membership(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    since = models.DateTimeField(auto_now_add=True)
    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once_per_project"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self):
        return f"{self.user}: {self.role} of {self.project}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def manageable_by(self, user):
        return self.filter(project__in=Project.objects.manageable_by(user))

    def open(self):
        """Invitations that still work: unused and in time. A revoked one is deleted."""
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link that makes whoever is logged in, or signs up with it, a member, once."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Role.choices)
    email = models.EmailField(blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True, help_text="The link's secret is not kept.")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sent_invitations")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="accepted_invitations"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self):
        return f"{self.email or 'link'} as {self.role} of {self.project}"


class LabelClassQuerySet(models.QuerySet["LabelClass"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def manageable_by(self, user):
        return self.filter(project__in=Project.objects.manageable_by(user))


class LabelClass(models.Model):
    """What an artifact is: nanoparticle, carbon nanotube, polymer aggregate ..."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="label_classes")
    name = models.CharField(max_length=60)
    key = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Number key 1 to 9 in the editor."
    )
    color = models.CharField(max_length=7, validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")])
    objects = LabelClassQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "label classes"
        ordering = ["key", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="label_class_name_once_per_project"),
            models.UniqueConstraint(fields=["project", "key"], name="label_class_key_once_per_project"),
            models.CheckConstraint(
                condition=Q(key__isnull=True) | Q(key__range=(1, 9)), name="label_class_key_1_to_9"
            ),
        ]

    def __str__(self):
        return self.name
