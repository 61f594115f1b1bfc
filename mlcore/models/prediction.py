from django.db import models

from annotations.models import Frame, Layer
from mlcore.models.run import Run


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
    was_searched = models.BooleanField(default=True, help_text="If not, the message says why.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "frame"]
        constraints = [models.UniqueConstraint(fields=["run", "frame"], name="prediction_once_per_frame")]

    def __str__(self):
        return f"{self.run} on {self.frame}"
