from django.db import models
from django.db.models import Q

from mlcore.models.run import Run


class RunChunk(models.Model):
    """Some frames of a batch inference, worked on together; done once, however often it is delivered."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    frames = models.JSONField(help_text="Keys of its frames.")
    is_done = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=80, blank=True, help_text="Host and process.")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="run_chunk_number_once")]
        indexes = [
            models.Index(fields=["run", "number"], condition=Q(is_done=False), name="run_chunk_open"),
        ]

    def __str__(self):
        return f"Chunk {self.number} of {self.run}"
