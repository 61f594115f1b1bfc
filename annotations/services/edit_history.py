"""Reading a layer's ledger: what happened since, and a person's own gestures, for undo after a reload."""

from django.db.models import F

from annotations.models import Event, Particle

PAGE = 2000  # events an answer


def events_since(*, layer, sequence):
    """Events after `sequence`, at most a page, and whether there are more."""
    found = Event.objects.filter(layer=layer, sequence__gt=sequence).order_by("sequence")
    events = list(found.select_related("actor")[: PAGE + 1])
    return events[:PAGE], len(events) > PAGE


def touched_particles(*, layer, events):
    """The particles of some events as they are now, and the ids of those that are no more."""
    wanted = {event.particle_id for event in events}
    rows = list(Particle.objects.filter(layer=layer, id__in=wanted))
    return rows, list(wanted - {row.id for row in rows})


def own_events(*, layer, by, after):
    """A person's events on a frame, decisions on suggestions included, oldest first: at most a page.

    Without what deleting a class did: that is not undone on a frame.
    """
    found = Event.objects.filter(layer__frame=layer.frame_id, actor=by, pk__gt=after).order_by("pk")
    found = found.exclude(undoes=F("group"))
    events = list(found.only("pk", "layer_id", "group", "undoes", "action", "particle_id", "before", "after")
                  [: PAGE + 1])  # fmt: skip
    return events[:PAGE], len(events) > PAGE
