from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse

from annotations.models.project import Project
from annotations.search_text import words_of

# What a list of them is filtered by, besides its own states: distinct_values() finds what occurs.
FILTERED = ("instrument", "detector", "gas", "voltage_kv")


class AcquisitionQuerySet(models.QuerySet["Acquisition"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(project__in=Project.objects.editable_by(user))

    def manageable_by(self, user):
        """Those that `user` may delete."""
        return self.filter(project__in=Project.objects.manageable_by(user))

    def ready(self):
        return self.filter(status=Acquisition.Status.READY)

    def calibration_conflicts(self):
        """Those with a frame whose pixel size is told differently by two readers, and nobody has chosen."""
        disputed = Frame.objects.filter(acquisition=models.OuterRef("pk")).calibration_conflicts()
        return self.filter(models.Exists(disputed))


class Acquisition(models.Model):
    """One uploaded file, kept byte for byte, and what was read from it."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        IMPORTING = "importing", "Reading"
        READY = "ready", "Ready"
        REFUSED = "refused", "Refused"  # the file is at fault; `message` says how
        FAILED = "failed", "Failed"  # we are at fault, or the worker was lost too often

    project = models.ForeignKey(Project, models.CASCADE, related_name="acquisitions")
    name = models.CharField(max_length=255, help_text="The file's name as uploaded, without its folder.")
    original = models.CharField(max_length=255, blank=True, help_text="Path under STORAGE_DIR.")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    progress = models.FloatField(default=0, help_text="0 to 1 while frames are read.")
    message = models.CharField(max_length=500, blank=True, help_text="One sentence for people.")
    notes = models.JSONField(
        default=list, blank=True, help_text="Sentences on the import, e.g. how color became one channel."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    touched_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last queued, or its worker last reported."
    )
    reader = models.CharField(max_length=40, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="acquisitions"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    imported_at = models.DateTimeField(null=True, blank=True)

    # From the instrument, where the file tells; searchable.
    acquired_at = models.DateTimeField(null=True, blank=True)
    instrument = models.CharField(max_length=120, blank=True)
    detector = models.CharField(max_length=120, blank=True)
    voltage_kv = models.FloatField(null=True, blank=True)
    magnification = models.FloatField(null=True, blank=True)
    exposure_s = models.FloatField(null=True, blank=True)
    specimen = models.CharField(
        max_length=120,
        blank=True,
        help_text="What was looked at, as people name it: its images stay on one side of a split.",
    )
    gas = models.CharField(max_length=60, blank=True)
    pressure_pa = models.FloatField(null=True, blank=True)
    temperature_c = models.FloatField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="All that the reader found.")
    search_text = models.TextField(
        blank=True, editable=False, help_text="The words of all that is searched; kept by `save`."
    )
    objects = AcquisitionQuerySet.as_manager()

    SEARCHED = ("name", "specimen", "instrument", "detector", "gas", "message", "metadata")

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        indexes = [
            models.Index(fields=["project", "status"], name="acquisition_project_status"),
            # The list, and who is beside whom in it, at the same price however long it is.
            models.Index(fields=["project", "-uploaded_at", "-id"], name="acquisition_newest"),
            *(models.Index(fields=["project", name], name=f"acquisition_{name}") for name in FILTERED),
            # The extension it needs is made by 0001_initial's first operation, put there by hand.
            GinIndex(fields=["search_text"], name="acquisition_search", opclasses=["gin_trgm_ops"]),
        ]
        constraints = [
            # A refused or failed file may be uploaded again; a kept one is recognised.
            models.UniqueConstraint(
                fields=["project", "sha256"],
                condition=~Q(status__in=["refused", "failed"]),
                name="acquisition_once_per_project",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("acquisition", args=[self.pk])

    @property
    def explanation(self):
        """Why there is no image, and what to do: never nothing where there is something to explain."""
        if self.message or self.status not in {self.Status.REFUSED, self.Status.FAILED}:
            return self.message
        if self.status == self.Status.REFUSED:
            return "This file could not be read as an image; export it from its program again, upload that."
        if self.original:
            return "Reading it stopped for a reason that was not recorded; try again, or tell the operator."
        return "Reading it stopped for a reason that was not recorded; please upload it again."

    def save(self, *args, update_fields=None, **more):
        if update_fields is None or set(self.SEARCHED) & set(update_fields):
            self.search_text = words_of(*(getattr(self, name) for name in self.SEARCHED))
            update_fields = update_fields and {*update_fields, "search_text"}
        super().save(*args, update_fields=update_fields, **more)


class FrameQuerySet(models.QuerySet["Frame"]):
    def visible_to(self, user):
        return self.filter(acquisition__project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(acquisition__project__in=Project.objects.editable_by(user))

    def ready(self):
        return self.filter(acquisition__status=Acquisition.Status.READY)

    def calibration_conflicts(self):
        return self.exclude(calibration_conflict="")


class Frame(models.Model):
    """One image of an acquisition: the only image, a page of a stack, or a frame of a movie."""

    acquisition = models.ForeignKey(Acquisition, models.CASCADE, related_name="frames")
    index = models.PositiveIntegerField(help_text="Place in the file, from 0.")
    title = models.CharField(max_length=120, blank=True, help_text="The signal's name in the file.")
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    dtype = models.CharField(max_length=12, help_text="NumPy's name of the original pixel type.")
    # A stored tile holds uint16 codes; value = value_offset + value_step * code, exact for integers up
    # to 16 bits.
    value_offset = models.FloatField(default=0)
    value_step = models.FloatField(default=1)
    value_min = models.FloatField()
    value_max = models.FloatField()
    is_exact = models.BooleanField(
        default=True, help_text="False where 32-bit values were rounded for display."
    )
    unsizeable_reason = models.CharField(
        max_length=200,
        blank=True,
        help_text="Why no nm may be given, e.g. a diffraction pattern; empty if none.",
    )
    calibration_conflict = models.CharField(
        max_length=500,
        blank=True,
        help_text="How readers of the pixel size disagree, until a person has chosen; empty if they agree.",
    )
    objects = FrameQuerySet.as_manager()

    class Meta:
        ordering = ["acquisition", "index"]
        constraints = [
            models.UniqueConstraint(fields=["acquisition", "index"], name="frame_index_once_per_acquisition"),
            models.CheckConstraint(condition=Q(width_px__gte=1, height_px__gte=1), name="frame_not_empty"),
        ]

    def __str__(self):
        return f"{self.acquisition} · frame {self.index}"

    def get_absolute_url(self):
        return reverse("frame", args=[self.pk])
