"""From corrected suggestions to a training: reviewed layers are frozen, and it begins from the champion."""

from django.core.exceptions import ValidationError

from annotations.models import Layer
from mlcore.models import Dataset
from mlcore.services.datasets import freeze_dataset, reviewed_layers

NAME = "Corrected suggestions"  # each time its next version


def reviewed_since(project):
    """Reviewed layers that the last dataset of corrections does not hold as they are now."""
    layers = reviewed_layers(project)
    last = project.datasets.filter(name=NAME).exclude(status=Dataset.Status.FAILED).first()
    if last is None:
        return layers
    known = {key: sequence for _, key, sequence in last.sources.get("layers", [])}
    fresh = [key for key, sequence in layers.values_list("pk", "sequence") if known.get(key) != sequence]
    return Layer.objects.filter(pk__in=fresh)


def start_from_corrections(*, by, project) -> Dataset:
    """Freeze all reviewed layers of the project as the next version of its dataset of corrections.

    Raises
    ------
    ValidationError
        If nothing was reviewed since the last version, or there is too little to split.
    """
    if not reviewed_since(project).exists():
        raise ValidationError(
            "No image was reviewed since the last training’s dataset; correct suggestions and have them "
            "reviewed first."
        )
    return freeze_dataset(by=by, project=project, name=NAME)
