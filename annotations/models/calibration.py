from django.conf import settings
from django.db import models
from django.db.models import Q

from annotations.models.acquisition import Acquisition, Frame


class CalibrationQuerySet(models.QuerySet["Calibration"]):
    def for_frame(self, frame):
        """Rows that speak of `frame`: its own and those of its whole acquisition, newest first."""
        return self.filter(
            Q(frame_id=frame.pk) | Q(frame=None), acquisition_id=frame.acquisition_id
        ).order_by("-version")

    def current_for(self, frame):
        """The calibration in force, or None: then everything is in pixels and no nm may be shown."""
        newest = self.for_frame(frame).filter(is_adopted=True).first()
        return newest if newest and newest.pixel_size_x_nm and not frame.unsizeable_reason else None


class Calibration(models.Model):
    """nm per pixel of an acquisition or of one frame of it: a new row per reading or decision, never changed.

    Readings (`is_adopted=False`) are what a source says. The newest adopted row is in force. Readings that
    disagree are adopted by nobody until a person chooses.
    """

    class Source(models.TextChoices):
        TAG = "tag", "File's tag"
        SECOND_READER = "second_reader", "Second reader"
        SCALE_BAR = "scale_bar", "Scale bar"
        TYPED = "typed", "Typed in"
        WITHDRAWN = "withdrawn", "Withdrawn: pixels only"

    acquisition = models.ForeignKey(Acquisition, models.CASCADE, related_name="calibrations")
    frame = models.ForeignKey(
        Frame,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="calibrations",
        help_text="Empty: all frames.",
    )
    version = models.PositiveIntegerField()
    pixel_size_x_nm = models.FloatField(null=True, blank=True)
    pixel_size_y_nm = models.FloatField(null=True, blank=True)
    relative_uncertainty = models.FloatField(
        null=True,
        blank=True,
        help_text="Standard uncertainty of the pixel size, as a fraction; empty: unknown.",
    )
    source = models.CharField(max_length=14, choices=Source.choices)
    detail = models.CharField(max_length=300, blank=True, help_text="Which tag, which bar, which standard.")
    is_adopted = models.BooleanField(default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="calibrations"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = CalibrationQuerySet.as_manager()

    class Meta:
        ordering = ["acquisition", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["acquisition", "version"], name="calibration_version_once"),
            models.CheckConstraint(
                condition=(
                    Q(source="withdrawn", pixel_size_x_nm=None, pixel_size_y_nm=None)
                    | (~Q(source="withdrawn") & Q(pixel_size_x_nm__gt=0, pixel_size_y_nm__gt=0))
                ),
                name="calibration_positive_or_withdrawn",
            ),
        ]

    def __str__(self):
        if self.pixel_size_x_nm is None:
            return f"v{self.version}: withdrawn"
        return f"v{self.version}: {self.pixel_size_x_nm:.6g} nm/px ({self.get_source_display()})"

    @property
    def is_isotropic(self):
        return self.pixel_size_x_nm == self.pixel_size_y_nm
