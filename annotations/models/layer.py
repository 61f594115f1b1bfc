from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotations.models.acquisition import Frame
from annotations.models.project import Project


class LayerQuerySet(models.QuerySet["Layer"]):
    def visible_to(self, user):
        return self.filter(frame__acquisition__project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(frame__acquisition__project__in=Project.objects.editable_by(user))

    def reviewable_by(self, user):
        return self.filter(frame__acquisition__project__in=Project.objects.reviewable_by(user))

    def reviewed(self):
        """Those that nobody has edited since a reviewer called them right."""
        return self.filter(reviewed_sequence=F("sequence"))


class Layer(models.Model):
    """Particles on one frame from one origin for one purpose (docs/decisions/0003)."""

    class Kind(models.TextChoices):
        WORKING = "working", "Annotations"  # the project's own: people draw here, each edit names its actor
        SUGGESTION = "suggestion", "Suggestions"  # what an engine found; accepted into the working layer

    frame = models.ForeignKey(Frame, models.CASCADE, related_name="layers")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.WORKING)
    name = models.CharField(max_length=80, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="layers"
    )
    sequence = models.PositiveBigIntegerField(
        default=0, help_text="Sequence number of the layer's last event."
    )
    reviewed_sequence = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The event that a reviewer saw last: later edits undo the review."
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="reviewed_layers"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    objects = LayerQuerySet.as_manager()

    class Meta:
        ordering = ["frame", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["frame"], condition=Q(kind="working"), name="layer_one_working_per_frame"
            ),
        ]

    def __str__(self):
        return f"{self.name or self.get_kind_display()} on {self.frame}"

    @property
    def is_reviewed(self):
        """Whether a reviewer called it right, and nobody has edited it since."""
        return self.reviewed_sequence is not None and self.reviewed_sequence == self.sequence
