from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from annotations.models import Frame, Layer, Project

ACTIVE = ["queued", "running"]


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(project__in=Project.objects.editable_by(user))

    def active(self):
        return self.filter(status__in=ACTIVE)

    def claim(self, pk):
        """Move a run to running, or on with it after its worker died; None if there is nothing to do.

        Only to be called by who holds the run's lease (services/lease.py): a living worker keeps it.
        """
        now = timezone.now()
        claimed = self.filter(pk=pk, status__in=ACTIVE).update(
            status=Run.Status.RUNNING,
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", now),
            heartbeat_at=now,
        )
        return self.select_related("project", "frame").get(pk=pk) if claimed else None


class Run(models.Model):
    """One execution of an engine over frames. The row is the truth; the queue only carries its key."""

    class Kind(models.TextChoices):
        INFER = "infer", "Find particles"

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    frame = models.ForeignKey(
        Frame,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="runs",
        help_text="Empty: the whole project.",
    )
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.INFER)
    engine = models.CharField(max_length=40)
    config = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    frames_total = models.PositiveIntegerField(default=0)
    frames_done = models.PositiveIntegerField(default=0)
    particles_found = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True, help_text="One sentence for people.")
    traceback = models.TextField(blank=True, help_text="For us; never shown to members.")
    code_version = models.CharField(max_length=40, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="runs")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that began on it.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(frames_done__lte=F("frames_total")), name="run_done_within_total"
            ),
            # A double click, or two people at once, start one.
            models.UniqueConstraint(
                fields=["project", "frame", "engine"],
                condition=Q(status__in=ACTIVE),
                nulls_distinct=False,
                name="run_one_active_alike",
            ),
        ]

    def __str__(self):
        return f"Run {self.pk}: {self.engine}"

    def get_absolute_url(self):
        return reverse("run", args=[self.pk])

    @property
    def progress(self):
        """Share of the frames done, 0 to 1."""
        return self.frames_done / self.frames_total if self.frames_total else 0.0

    @property
    def seconds(self):
        """From its start to its end, or until now; None before it began."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def is_finished(self):
        return self.status in {Run.Status.SUCCEEDED, Run.Status.FAILED, Run.Status.CANCELLED}


class Prediction(models.Model):
    """Ties a run to the layer of suggestions it made on a frame: exactly one a frame."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="predictions")
    frame = models.ForeignKey(Frame, models.CASCADE, related_name="predictions")
    layer = models.OneToOneField(Layer, models.CASCADE, related_name="prediction")
    engine_version = models.CharField(max_length=40)
    seconds = models.FloatField(help_text="Wall time of decode, engine and measurement.")
    message = models.CharField(
        max_length=300, blank=True, help_text="What the engine had to say of the frame."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "frame"]
        constraints = [models.UniqueConstraint(fields=["run", "frame"], name="prediction_once_per_frame")]

    def __str__(self):
        return f"{self.run} on {self.frame}"
