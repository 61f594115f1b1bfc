import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from annotations.models.acquisition import Acquisition
from annotations.models.project import Project


class UploadQuerySet(models.QuerySet["Upload"]):
    def owned_by(self, user):
        """An upload belongs to who began it, and only while they may still upload there."""
        return self.filter(owner_id=user.pk, project__in=Project.objects.editable_by(user))

    def unfinished(self):
        return self.filter(acquisition=None)

    def expired(self):
        return self.filter(touched_at__lt=timezone.now() - Upload.KEPT_FOR)


class Upload(models.Model):
    """A resumable upload on its way in (tus 1.0).

    Kept for a while after it has become an acquisition: a client whose last answer was lost asks again.
    """

    KEPT_FOR = timedelta(days=7)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    size_bytes = models.PositiveBigIntegerField()
    offset_bytes = models.PositiveBigIntegerField(
        default=0, help_text="How much is safely on disk; what the file holds beyond was never acknowledged."
    )
    tus_metadata = models.TextField(blank=True, help_text="Upload-Metadata as it came; tus wants it back.")
    acquisition = models.ForeignKey(
        Acquisition, models.CASCADE, null=True, blank=True, related_name="uploads", help_text="Once complete."
    )
    is_new = models.BooleanField(default=True, help_text="False where the project had this file before.")
    message = models.CharField(max_length=700, blank=True, help_text="What became of it, one sentence.")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["touched_at"], name="upload_touched")]
        constraints = [
            models.CheckConstraint(
                condition=Q(offset_bytes__lte=F("size_bytes")), name="upload_offset_within_size"
            ),
            models.CheckConstraint(
                condition=Q(acquisition=None) | Q(offset_bytes=F("size_bytes")),
                name="upload_complete_before_acquisition",
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.offset_bytes} of {self.size_bytes} bytes)"

    @property
    def is_complete(self):
        return self.offset_bytes == self.size_bytes

    @property
    def expires_at(self):
        return self.touched_at + self.KEPT_FOR

    @property
    def path(self):
        """Where its bytes gather: named by us, never by the client."""
        return settings.STORAGE_DIR / "uploads" / str(self.pk)
