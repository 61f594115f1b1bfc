from django.conf import settings
from django.db import models

from annotations.models.project import Project


class ParticleImportQuerySet(models.QuerySet["ParticleImport"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(project__in=Project.objects.editable_by(user))

    def active(self):
        return self.filter(status__in=[ParticleImport.Status.QUEUED, ParticleImport.Status.RUNNING])


class ParticleImport(models.Model):
    """A COCO file that is larger than one request has the time for: read by a worker, whole or not at all."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"  # the file, or who sent it, is at fault; `message` says how
        FAILED = "failed", "Failed"  # we are at fault, or the worker was lost too often

    project = models.ForeignKey(Project, models.CASCADE, related_name="particle_imports")
    name = models.CharField(max_length=255, help_text="The file's name as uploaded, without its folder.")
    content = models.BinaryField(
        null=True, help_text="The file, compressed by zlib, until its end; in the row, to be kept with it."
    )
    is_trial = models.BooleanField(default=False, help_text="Only say what would happen.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    message = models.CharField(max_length=500, blank=True, help_text="One sentence for people.")
    report = models.JSONField(default=dict, blank=True, help_text="What it did; the API's answer.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that began on it.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="particle_imports"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = ParticleImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.name} into {self.project}"

    @property
    def is_finished(self):
        return self.status not in {self.Status.QUEUED, self.Status.RUNNING}
