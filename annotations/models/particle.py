import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotations.models.calibration import Calibration
from annotations.models.layer import Layer
from annotations.models.project import LabelClass, Project


class ParticleQuerySet(models.QuerySet["Particle"]):
    def visible_to(self, user):
        return self.filter(layer__frame__acquisition__project__in=Project.objects.visible_to(user))

    def in_project(self, project):
        return self.filter(layer__frame__acquisition__project=project)

    def sized(self):
        """Particles with a diameter in nm: an outline, and a calibration in force."""
        return self.filter(ecd_nm__isnull=False)


class Particle(models.Model):
    """One artifact: a box always, an outline where one was found or drawn, sizes where there is an outline.

    The current state only; how it came about is in the layer's events.
    """

    class Origin(models.TextChoices):
        DRAWN = "drawn", "Drawn"
        SUGGESTED = "suggested", "Suggested"
        ACCEPTED = "accepted", "Accepted suggestion"
        IMPORTED = "imported", "Imported"

    class Decision(models.TextChoices):
        PENDING = "pending", "Open"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(
        primary_key=True, default=uuid.uuid4, help_text="Chosen by the client, so that offline edits replay."
    )
    layer = models.ForeignKey(Layer, models.CASCADE, related_name="particles", db_index=False)  # see below
    version = models.PositiveIntegerField(
        default=1, help_text="Grows by one with each edit of this particle."
    )
    label_class = models.ForeignKey(
        LabelClass, models.SET_NULL, null=True, blank=True, related_name="particles"
    )
    # Bounding box in pixels: (x, y) is the outer corner of the top-left pixel, x right, y down, as COCO's.
    x = models.FloatField()
    y = models.FloatField()
    width = models.FloatField()
    height = models.FloatField()
    outline = models.JSONField(
        null=True, blank=True, help_text="[[x, y], ...] in pixels, same origin as the box; not closed."
    )
    # What an engine said of it; kept when the suggestion is accepted, whatever becomes of the outline.
    engine = models.CharField(
        max_length=60, blank=True, help_text="Which engine found it: name, version and hash of its weights."
    )
    confidence = models.FloatField(null=True, blank=True, help_text="0 to 1, of an engine.")
    engine_ecd_px_low = models.FloatField(
        null=True, blank=True, help_text="Lower end of the engine's 90 % interval of the diameter, px."
    )
    engine_ecd_px_high = models.FloatField(
        null=True, blank=True, help_text="Upper end of the engine's 90 % interval of the diameter, px."
    )
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.DRAWN)
    decision = models.CharField(
        max_length=10, choices=Decision.choices, default=Decision.PENDING, help_text="On suggestions."
    )
    source = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="accepted_as",
        help_text="The suggestion it was.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="particles"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # Measured from the outline by annotations/shape.py; definitions in docs/measurements.md.
    touches_border = models.BooleanField(default=False)
    area_px2 = models.FloatField(null=True, blank=True)
    ecd_px = models.FloatField(null=True, blank=True)
    feret_min_px = models.FloatField(null=True, blank=True)
    feret_max_px = models.FloatField(null=True, blank=True)
    aspect_ratio = models.FloatField(null=True, blank=True)
    roundness = models.FloatField(null=True, blank=True)
    circularity = models.FloatField(null=True, blank=True)
    solidity = models.FloatField(null=True, blank=True)
    # The same in nm, with the calibration that made them; all empty where none is in force.
    calibration = models.ForeignKey(
        Calibration, models.PROTECT, null=True, blank=True, related_name="particles"
    )
    area_nm2 = models.FloatField(null=True, blank=True)
    ecd_nm = models.FloatField(null=True, blank=True)
    feret_min_nm = models.FloatField(null=True, blank=True)
    feret_max_nm = models.FloatField(null=True, blank=True)
    objects = ParticleQuerySet.as_manager()

    class Meta:
        ordering = ["layer", "created_at", "id"]
        indexes = [
            # With all that a size distribution needs: it then reads this alone, and none of the outlines.
            models.Index(
                fields=["layer", "decision"],
                include=[
                    "calibration", "label_class", "origin", "confidence", "touches_border", "ecd_nm",
                    "ecd_px", "feret_min_px", "aspect_ratio", "roundness", "width", "height",
                ],
                name="particle_by_layer",
            )
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(condition=Q(width__gt=0, height__gt=0), name="particle_box_not_empty"),
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__range=(0, 1)), name="particle_confidence_0_to_1"
            ),
            models.CheckConstraint(
                condition=Q(calibration__isnull=False)
                | Q(area_nm2=None, ecd_nm=None, feret_min_nm=None, feret_max_nm=None),
                name="particle_no_nm_without_calibration",
            ),
        ]

    def __str__(self):
        return f"{self.label_class or 'unclassified'} at ({self.x:.0f}, {self.y:.0f})"
