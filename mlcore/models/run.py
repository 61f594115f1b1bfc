import os
import socket

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from annotations.models import Frame, Project
from mlcore.models.dataset import Dataset
from mlcore.models.model_version import ModelVersion

ACTIVE = ["queued", "running", "paused"]  # holds its place: nobody starts the same beside it
WORKED_ON = ["queued", "running"]


def worker_name():
    return f"{socket.gethostname()}:{os.getpid()}"[-80:]


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
        claimed = self.filter(pk=pk, status__in=WORKED_ON).update(
            status=Run.Status.RUNNING,
            # Who got on before its worker was lost is not blamed: three times in one place is too often.
            attempts_excused=Case(
                When(steps_done__gt=F("steps_at_start"), then=F("attempts")), default=F("attempts_excused")
            ),
            steps_at_start=F("steps_done"),
            attempts=F("attempts") + 1,
            served_at=now,
            worker=worker_name(),
            started_at=Coalesce("started_at", now),
            heartbeat_at=now,
        )
        return self.select_related("project", "frame").get(pk=pk) if claimed else None


class Run(models.Model):
    """One piece of machine-learning work. The row is the truth; the queue only carries its key."""

    class Kind(models.TextChoices):
        INFER = "infer", "Find particles"
        TRAIN_DETECTOR = "train_detector", "Train a detector"
        TRAIN_FEATURENET = "train_featurenet", "Train FeatureNet"
        TRAIN_GAN = "train_gan", "Train a GAN"
        SYNTHESISE = "synthesise", "Make synthetic images"
        EVALUATE = "evaluate", "Evaluate a model"
        BENCHMARK = "benchmark", "Benchmark a model"
        COMPARE = "compare", "Compare two models"

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
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
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.INFER)
    engine = models.CharField(max_length=40, blank=True, help_text="Of an inference.")
    model_version = models.ForeignKey(
        ModelVersion,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="runs",
        help_text="What is run, evaluated, or fine-tuned; empty: what is shipped.",
    )
    dataset = models.ForeignKey(Dataset, models.RESTRICT, null=True, blank=True, related_name="runs")
    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="retries",
        help_text="The run that this one tries again, or goes on from.",
    )
    config = models.JSONField(default=dict, blank=True)
    config_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the configuration: two alike are one."
    )
    seed = models.PositiveIntegerField(default=0)
    notes = models.TextField(blank=True, help_text="What people have to say of it.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(default=False)
    is_urgent = models.BooleanField(
        default=False, help_text="Somebody waits in front of the screen: goes before batches."
    )
    frames_total = models.PositiveIntegerField(default=0)
    frames_done = models.PositiveIntegerField(default=0)
    particles_found = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=0, help_text="Of a training.")
    steps_done = models.PositiveIntegerField(default=0)
    rested_s = models.FloatField(default=0, help_text="Paused, or ended before it was tried again.")
    step_s = models.FloatField(null=True, blank=True, help_text="Seconds a step, of the last ones.")
    resources = models.JSONField(
        default=dict, blank=True, help_text="Last measured: processor, memory and GPU in use."
    )
    offer = models.JSONField(
        default=dict, blank=True, help_text="Settings with which a failed run may well succeed."
    )
    message = models.CharField(max_length=500, blank=True, help_text="One sentence for people.")
    traceback = models.TextField(blank=True, help_text="For us; never shown to members.")
    code_version = models.CharField(max_length=40, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="runs")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that began on it.")
    attempts_excused = models.PositiveSmallIntegerField(
        default=0, help_text="Of these, those after which it had got on, or was paused."
    )
    steps_at_start = models.PositiveIntegerField(default=0, help_text="Of the last attempt.")
    dispatch = models.PositiveIntegerField(
        default=0, help_text="How often it was queued: messages of earlier times do nothing."
    )
    dispatched_at = models.DateTimeField(null=True, blank=True, help_text="When it was queued last.")
    served_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a worker last took some of it: the longest unserved goes first.",
    )
    worker = models.CharField(max_length=80, blank=True, help_text="Host and process that began on it last.")
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
                fields=["project", "kind", "frame", "engine", "model_version", "dataset", "config_sha256"],
                condition=Q(status__in=ACTIVE),
                nulls_distinct=False,
                name="run_one_active_alike",
            ),
        ]
        indexes = [models.Index(fields=["status", "kind"], name="run_status_kind")]

    def __str__(self):
        return f"Run {self.pk}: {self.engine or self.get_kind_display()}"

    def get_absolute_url(self):
        return reverse("run", args=[self.pk])

    @property
    def progress(self):
        """Share of the steps or frames done, 0 to 1."""
        done, total = (
            (self.steps_done, self.steps_total) if self.steps_total else (self.frames_done, self.frames_total)
        )
        return done / total if total else 0.0

    @property
    def done_in_words(self):
        if self.steps_total:
            return f"{self.steps_done:,} of {self.steps_total:,} steps"
        return f"{self.frames_done} of {self.frames_total} images"

    @property
    def seconds(self):
        """From its start to its end, or until now, without its rests; None before it began."""
        if self.started_at is None:
            return None
        return max((timezone.now() - self.started_at).total_seconds() - self.rested_s - self.rest_s, 0.0)

    @property
    def rest_s(self):
        """Seconds since it was last worked on, of one that has ended or is paused after it began; else 0."""
        since = self.finished_at if self.is_finished else self.heartbeat_at
        if self.started_at is None or since is None or self.status in WORKED_ON:
            return 0.0
        return (timezone.now() - since).total_seconds()

    @property
    def is_finished(self):
        return self.status in {Run.Status.SUCCEEDED, Run.Status.FAILED, Run.Status.CANCELLED}
