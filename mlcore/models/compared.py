from django.db import models
from django.db.models import Count, OuterRef, Subquery

from annotations.models import Frame
from mlcore.models.run import Run


class ComparedFrameQuerySet(models.QuerySet["ComparedFrame"]):
    def with_names(self):
        """With what a page calls the frames by: their file, and of how many frames that is."""
        siblings = Frame.objects.filter(acquisition=OuterRef("frame__acquisition")).order_by()
        count = siblings.values("acquisition").annotate(n=Count("pk")).values("n")
        return self.select_related("frame__acquisition").annotate(n_frames=Subquery(count))


class ComparedFrame(models.Model):
    """What two engines, or one with two models, found on a frame: counts and sizes alone.

    Nothing of it is a suggestion: no layer is written, so nobody is shown what a model on trial drew.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="compared_frames")
    frame = models.ForeignKey(Frame, models.CASCADE, related_name="compared_frames")
    n_first = models.PositiveIntegerField(default=0, help_text="Found by the run's own model.")
    n_second = models.PositiveIntegerField(default=0, help_text="Found by what it is compared with.")
    n_both = models.PositiveIntegerField(default=0, help_text="Pairs with an IoU of boxes of at least 0.5.")
    agreement = models.FloatField(null=True, blank=True, help_text="F1 of one against the other.")
    sizes = models.JSONField(
        default=dict, blank=True, help_text="Diameters that each found, in the unit that it names."
    )
    interval_width = models.FloatField(
        null=True, blank=True, help_text="Mean width of the 90 % intervals of diameter, of the diameter."
    )
    strangeness = models.FloatField(
        null=True, blank=True, help_text="Log odds of being no micrograph, less the limit of familiar ones."
    )
    features = models.JSONField(default=list, blank=True, help_text="What the encoder saw, for diversity.")
    message = models.CharField(max_length=300, blank=True, help_text="Why it could not be searched.")
    objects = ComparedFrameQuerySet.as_manager()

    class Meta:
        ordering = ["run", "frame"]
        constraints = [
            models.UniqueConstraint(fields=["run", "frame"], name="compared_frame_once"),
        ]

    def __str__(self):
        return f"{self.frame} in {self.run}"
