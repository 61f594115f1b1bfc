"""A reviewer calls a frame's annotations right, as they are at one event; any later edit ends that."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from annotations.models import Layer
from annotations.services.layers import lock_working_layer
from annotations.services.notify import push


@transaction.atomic
def record_review(*, layer, by, sequence) -> Layer:
    """Mark a working layer as right in the state that the reviewer saw; again does nothing.

    Raises
    ------
    ValidationError
        If somebody has edited it since, or it holds suggestions.
    """
    layer = _locked(layer)
    if sequence != layer.sequence:
        raise ValidationError(
            "Somebody has edited this image since you looked at it; look at the edits, then mark it again."
        )
    if layer.is_reviewed:
        return layer
    layer.reviewed_sequence, layer.reviewed_by, layer.reviewed_at = layer.sequence, by, timezone.now()
    return _saved(layer)


@transaction.atomic
def withdraw_review(*, layer) -> Layer:
    """Take the mark off; datasets that were frozen with it stay as they are."""
    layer = _locked(layer)
    layer.reviewed_sequence = layer.reviewed_by = layer.reviewed_at = None
    return _saved(layer)


def _locked(layer):
    if layer.kind != Layer.Kind.WORKING:
        raise ValidationError(
            "Suggestions are accepted or rejected; what is reviewed is the image’s own layer."
        )
    return lock_working_layer(layer)


def _saved(layer):
    layer.save(update_fields=["reviewed_sequence", "reviewed_by", "reviewed_at"])
    told = {
        "layer": layer.pk,
        "frame": layer.frame_id,
        "sequence": layer.sequence,
        "reviewed": layer.is_reviewed,
    }
    push(project_id=layer.frame.acquisition.project_id, kind="layer", payload=told)
    return layer
