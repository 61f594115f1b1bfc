from django.conf import settings
from django.db import models

from annotations.models.layer import Layer


class Event(models.Model):
    """One edit of one particle. Rows are only ever added; the particles are their projection."""

    class Action(models.TextChoices):
        ADD = "add", "drawn"
        CHANGE = "change", "changed"
        DELETE = "delete", "deleted"

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="events")
    sequence = models.PositiveBigIntegerField(help_text="1, 2, 3 ... within the layer.")
    edit = models.UUIDField(help_text="The client's id of this edit: a replay is recognised by it.")
    group = models.UUIDField(help_text="Edits of one gesture share it; undo takes them back together.")
    undoes = models.UUIDField(
        null=True, blank=True, help_text="The group that this one takes back (undo, redo)."
    )
    action = models.CharField(max_length=6, choices=Action.choices)
    particle_id = models.UUIDField(help_text="Not a foreign key: a deleted particle's history stays.")
    version = models.PositiveIntegerField(help_text="The particle's version after this edit.")
    before = models.JSONField(null=True, blank=True, help_text="The changed fields' old values; null on add.")
    after = models.JSONField(
        null=True, blank=True, help_text="The changed fields' new values; null on delete."
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["layer", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["layer", "sequence"], name="event_sequence_once"),
            models.UniqueConstraint(fields=["layer", "edit"], name="event_edit_once"),
        ]
        indexes = [models.Index(fields=["layer", "particle_id", "version"], name="event_particle_version")]

    def __str__(self):
        return f"{self.layer_id}#{self.sequence} {self.action} {self.particle_id}"
