from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from annotations.models import Frame, Project


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(project__in=Project.objects.editable_by(user))

    def ready(self):
        return self.filter(status=Dataset.Status.READY)


class Dataset(models.Model):
    """Frames with their truth as they were at one moment, split for good; never changed once ready."""

    class Status(models.TextChoices):
        FREEZING = "freezing", "Being frozen"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.FREEZING)
    message = models.CharField(max_length=500, blank=True, help_text="One sentence for people.")
    seed = models.PositiveIntegerField(default=0, help_text="Of the split.")
    sources = models.JSONField(
        default=dict, blank=True, help_text="What was asked for, and the event each layer was at."
    )
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of pixels, truth and split of all frames."
    )
    folder = models.CharField(max_length=200, blank=True, help_text="In the storage; its files never change.")
    n_frames = models.PositiveIntegerField(default=0)
    n_done = models.PositiveIntegerField(default=0, help_text="Frames written so far.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Workers that began on it.")
    n_particles = models.PositiveIntegerField(default=0)
    composition = models.JSONField(default=dict, blank=True, help_text="Counts by split, class and size.")
    leaks = models.JSONField(default=list, blank=True, help_text="Frames of two splits that look alike.")
    changes = models.JSONField(default=dict, blank=True, help_text="Against the version before.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="datasets"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="dataset_version_once"),
            # A double click, or two people at once, freeze one.
            models.UniqueConstraint(
                fields=["project", "name"], condition=Q(status="freezing"), name="dataset_one_freezing"
            ),
        ]

    def __str__(self):
        return f"{self.name} v{self.version}"

    def get_absolute_url(self):
        return reverse("dataset", args=[self.pk])


class DatasetFrame(models.Model):
    """One frame of a dataset. What it showed is in the dataset's folder: the project's frame may go."""

    class Split(models.TextChoices):
        TRAIN = "train", "Training"
        VALIDATION = "val", "Validation"
        TEST = "test", "Test"

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="frames")
    frame = models.ForeignKey(Frame, models.SET_NULL, null=True, blank=True, related_name="dataset_frames")
    name = models.CharField(max_length=200)
    origin = models.CharField(max_length=20, help_text="reviewed, imported, simulated or synthetic.")
    specimen = models.CharField(max_length=200, help_text="Frames of one are in one split.")
    split = models.CharField(max_length=5, choices=Split.choices)
    file = models.CharField(max_length=200, help_text="The training example (.npz) in the dataset's folder.")
    pixels_sha256 = models.CharField(max_length=64)
    truth_sha256 = models.CharField(max_length=64)
    perceptual_hash = models.CharField(max_length=16, help_text="64 bits, hexadecimal.")
    layer_sequence = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Of the reviewed layer, when it was frozen."
    )
    pixel_size_nm = models.FloatField(null=True, blank=True)
    n_particles = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["dataset", "name"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "name"], name="dataset_frame_name_once"),
        ]
        indexes = [models.Index(fields=["dataset", "split"], name="dataset_frame_split")]

    def __str__(self):
        return f"{self.name} in {self.dataset}"
