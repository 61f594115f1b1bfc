from django.conf import settings
from django.db import models
from django.urls import reverse

from annotations.models import Project
from mlcore.models.dataset import Dataset


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def visible_to(self, user):
        return self.filter(project__in=Project.objects.visible_to(user))

    def editable_by(self, user):
        return self.filter(project__in=Project.objects.editable_by(user))

    def reviewable_by(self, user):
        """Those that `user` may promote."""
        return self.filter(project__in=Project.objects.reviewable_by(user))

    def finders(self):
        """Those that find particles."""
        return self.filter(kind=ModelVersion.Kind.FINDER)

    def refiners(self):
        """GANs that synthetic frames can be refined by."""
        return self.filter(kind=ModelVersion.Kind.REFINER)


class ModelVersion(models.Model):
    """Weights that a run trained here, in a folder as mlcore/weights is; never changed."""

    class Kind(models.TextChoices):
        FINDER = "finder", "Finds particles"
        REFINER = "refiner", "GAN that refines simulated frames"
        PARAMETRIC = "parametric", "GAN that makes patches"

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_versions")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FINDER)
    number = models.PositiveIntegerField(help_text="Within the project, from 1.")
    title = models.CharField(max_length=80, blank=True)
    folder = models.CharField(max_length=200, help_text="In the storage: model.json and *.safetensors.")
    sha256 = models.CharField(max_length=64, help_text="Of all its weights' hashes.")
    card = models.TextField(blank=True, help_text="Model card, Markdown.")
    classes = models.JSONField(default=list, blank=True, help_text="Names of the classes it tells apart.")
    run = models.ForeignKey(
        "mlcore.Run",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="made",
        help_text="The run that trained it.",
    )
    dataset = models.ForeignKey(
        Dataset, models.RESTRICT, null=True, blank=True, related_name="model_versions"
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children",
        help_text="What it was fine-tuned from.",
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="model_versions"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="model_version_number_once"),
        ]

    def __str__(self):
        return f"Model {self.number}" + (f" ({self.title})" if self.title else "")

    def get_absolute_url(self):
        return reverse("model-version", args=[self.pk])

    @property
    def is_gan(self):
        """Whether it makes images: it finds nothing, and is never evaluated or promoted."""
        return self.kind != self.Kind.FINDER


class Evaluation(models.Model):
    """A model's figures on a part of a dataset, with 95 % intervals; the shipped one's without a model."""

    model_version = models.ForeignKey(
        ModelVersion, models.CASCADE, null=True, blank=True, related_name="evaluations"
    )
    shipped_version = models.CharField(max_length=40, blank=True, help_text="Of the shipped model.")
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="evaluations")
    split = models.CharField(max_length=5, default="test")
    figures = models.JSONField(help_text="As mlcore/evaluation/evaluate.py gives them.")
    frames = models.JSONField(
        help_text="Hits, misses and false alarms of each frame: for paired differences."
    )
    run = models.ForeignKey(
        "mlcore.Run",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="evaluations",
        help_text="The run that measured it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "shipped_version", "dataset", "split"],
                nulls_distinct=False,
                name="evaluation_once",
            ),
        ]

    def __str__(self):
        return f"{self.model_version or self.shipped_version} on {self.dataset}"


class Promotion(models.Model):
    """Which model a project uses from a moment on; the last one counts, and going back is one more."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="promotions")
    number = models.PositiveIntegerField(
        help_text="Within the project, from 1: of two at once one is refused."
    )
    model_version = models.ForeignKey(
        ModelVersion, models.RESTRICT, null=True, blank=True, related_name="promotions",
        help_text="Empty: what is shipped.",
    )  # fmt: skip
    is_rollback = models.BooleanField(default=False)
    comparison = models.JSONField(
        default=dict, blank=True, help_text="With the champion before, on the locked test set."
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="promotions")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="promotion_number_once"),
        ]

    def __str__(self):
        return f"{self.model_version or 'The shipped model'} for {self.project}"
