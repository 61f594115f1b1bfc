import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotations.models.project import Project


class UploadQuerySet(models.QuerySet["Upload"]):
    def owned_by(self, user):
        """An upload belongs to who began it, and only while they may still upload there."""
        return self.filter(owner_id=user.pk, project__in=Project.objects.editable_by(user))


class Upload(models.Model):
    """A resumable upload on its way in (tus 1.0); gone once it has become an acquisition."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    size_bytes = models.PositiveBigIntegerField()
    offset_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(offset_bytes__lte=F("size_bytes")), name="upload_offset_within_size"
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.offset_bytes} of {self.size_bytes} bytes)"
