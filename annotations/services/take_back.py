"""Undo and redo: the inverse of a whole group of edits, as new events. Nothing is ever erased."""

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

from annotations.models import Event, Layer
from annotations.services.edit_batch import EditBatch, derived_id
from annotations.services.projection import OF_ENGINE, current


@dataclass
class TakenBack:
    """Particles that were touched, those left alone because somebody changed them since, and why.

    `suggestion_layers` are the layers where decisions were taken back.
    """

    touched: list = field(default_factory=list)
    left: list = field(default_factory=list)
    detail: str = ""
    suggestion_layers: list = field(default_factory=list)
    is_replay: bool = False


def take_back(*, batch, group, undoes) -> TakenBack:
    """Undo a person's own group, on the working layer and, where it decided on suggestions, on theirs.

    Taking back a group that was itself an undo is the redo.
    """
    done = TakenBack()
    stored = Event.objects.filter(layer__frame=batch.frame, actor=batch.by)
    if any(event.group == group for event in batch.events) or stored.filter(group=group).exists():
        done.is_replay = True
        return done
    # A large group may have come in several requests: part is stored, part is in this one.
    events = [*stored.filter(group=undoes).order_by("pk")]
    events += [event for event in batch.events if event.group == undoes]
    if not events:
        raise ValidationError("There is nothing to take back: that edit was not saved.")
    own = [event for event in events if event.layer_id == batch.layer.pk]
    done.touched, done.left = _invert(batch, own, group, undoes)
    suggested = sorted({event.layer_id for event in events} - {batch.layer.pk})
    for layer in Layer.objects.select_for_update().filter(pk__in=suggested).order_by("pk"):
        layer.frame = batch.frame
        other = EditBatch(layer=layer, by=batch.by)
        _invert(other, [event for event in events if event.layer_id == layer.pk], group, undoes)
        other.write()
        done.suggestion_layers.append(layer.pk)
    if done.left:
        boxes = "1 box was" if len(done.left) == 1 else f"{len(done.left)} boxes were"
        done.detail = f"{boxes} changed by somebody else since and left as it is now."
    return done


def _invert(batch, events, group, undoes):
    """Append the inverse of each event whose particle still is as the event left it: (touched, left) ids."""
    batch.load(event.particle_id for event in events)
    touched, left = {}, {}
    for event in reversed(events):
        particle = batch.particles.get(event.particle_id)
        ids = {"edit": derived_id(group, event.edit), "group": group, "undoes": undoes}
        if not _is_as_left(event, particle):
            left[event.particle_id] = True
        elif event.action == Event.Action.DELETE:
            batch.add(particle_id=event.particle_id, state=event.before, **ids)
        elif event.action == Event.Action.ADD:
            batch.delete(particle=particle, **ids)
        else:
            batch.change(particle=particle, fields=event.before, **ids)
        if event.particle_id not in left:
            touched[event.particle_id] = True
    return list(touched), list(left)


def _is_as_left(event, particle):
    """Whether a particle still is what the event made of it; else another's work would be undone."""
    if event.action == Event.Action.DELETE:
        return particle is None
    if particle is None:
        return False
    names = [name for name in event.after if name not in {"source", "created_by", "origin", *OF_ENGINE}]
    return current(particle, names) == {name: event.after[name] for name in names}
