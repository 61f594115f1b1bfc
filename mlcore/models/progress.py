from django.db import models
from django.urls import reverse
from django.utils import timezone

from mlcore.models.run import Run


class RunPoint(models.Model):
    """Figures of a training at one step: losses, learning rate, or scores on the validation frames."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="points")
    step = models.PositiveIntegerField()
    series = models.CharField(max_length=20, help_text="train or val.")
    values = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["run", "step"]
        constraints = [
            models.UniqueConstraint(fields=["run", "series", "step"], name="run_point_once"),
        ]

    def __str__(self):
        return f"Step {self.step} of {self.run}"


class RunSample(models.Model):
    """What a network found on a fixed validation frame at one step."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="samples")
    step = models.PositiveIntegerField()
    name = models.CharField(max_length=200, help_text="The frame's.")
    file = models.CharField(max_length=200, help_text="PNG in the storage.")

    class Meta:
        ordering = ["run", "name", "step"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name", "step"], name="run_sample_once"),
        ]

    def __str__(self):
        return f"{self.name} at step {self.step} of {self.run}"

    def get_absolute_url(self):
        return reverse("run-sample", args=[self.pk])


class RunLine(models.Model):
    """A line of a run's log, for people."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="lines")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=8, default="info")
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["run", "pk"]

    def __str__(self):
        return self.text
