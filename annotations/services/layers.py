"""Layers: the one that people draw on, and the door to writing on it."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotations.models import Layer


def working_layer(*, frame) -> Layer:
    """The frame's own layer, made on first use; two that ask at once get the same one."""
    found = Layer.objects.filter(frame=frame, kind=Layer.Kind.WORKING).first()
    if found:
        return found
    try:
        with transaction.atomic():
            return Layer.objects.create(frame=frame, kind=Layer.Kind.WORKING)
    except IntegrityError:  # another request was quicker: the constraint keeps it to one
        return Layer.objects.get(frame=frame, kind=Layer.Kind.WORKING)


def lock_layers(layers) -> list[Layer]:
    """Many layers, locked until the transaction ends: working layers first, always in the same order.

    Whoever locks several does it here or in that order, so that nobody waits in a ring.
    """
    rows = layers.select_for_update(of=("self",)).select_related("frame__acquisition")
    return list(rows.order_by("-kind", "pk"))


def lock_working_layer(layer) -> Layer:
    """The layer, locked until the transaction ends: its events get their sequence one writer at a time.

    Who writes to several layers of a frame locks the working layer first, so that nobody waits in a ring.
    """
    locked = (
        Layer.objects.select_for_update(of=("self",))
        .select_related("frame__acquisition__project")
        .get(pk=layer.pk)
    )
    if locked.kind != Layer.Kind.WORKING:
        raise ValidationError("Suggestions are accepted or rejected, not edited: accept this one first.")
    return locked
