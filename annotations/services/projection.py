"""A particle as the ledger sees it: the fields that events carry, and how an event changes them."""

import uuid

from annotations.models import Event, Particle

GEOMETRY = ("x", "y", "width", "height", "outline")
OF_ENGINE = ("engine", "confidence", "engine_ecd_px_low", "engine_ecd_px_high")
# What two people may change at the same time without touching each other's work: one unit each.
UNITS = {**dict.fromkeys(GEOMETRY, "box"), "label_class": "class", "decision": "decision"}


def snapshot(particle) -> dict:
    """All that the ledger knows of a particle, as JSON: what an added one is, or a deleted one was."""
    return {
        **{name: getattr(particle, name) for name in (*GEOMETRY, *OF_ENGINE, "origin")},
        "label_class": particle.label_class_id,
        "source": str(particle.source_id) if particle.source_id else None,
        "created_by": particle.created_by_id,
    }


def current(particle, names) -> dict:
    """The named fields of a particle, as events carry them."""
    return {name: particle.label_class_id if name == "label_class" else getattr(particle, name)
            for name in names}  # fmt: skip


def restore(*, layer, particle_id, version, state) -> Particle:
    """An unsaved particle from a snapshot."""
    particle = Particle(id=particle_id, layer=layer, version=version)
    apply(particle, state)
    return particle


def apply(particle, fields) -> None:
    """Set an event's fields on a particle."""
    for name, value in fields.items():
        if name in {"label_class", "created_by"}:
            setattr(particle, f"{name}_id", value)
        elif name == "source":
            particle.source_id = uuid.UUID(value) if value else None
        else:
            setattr(particle, name, value)


def moved_outline(particle, fields):
    """What becomes of the outline when the box changes: moved along, or dropped when it is resized."""
    if particle.outline is None:
        return None
    if (fields["width"], fields["height"]) != (particle.width, particle.height):
        return None
    dx, dy = fields["x"] - particle.x, fields["y"] - particle.y
    return [[x + dx, y + dy] for x, y in particle.outline]


def changed_units(event) -> set[str]:
    """Which units an event touched."""
    if event.action != Event.Action.CHANGE:
        return set(UNITS.values())
    return {UNITS[name] for name in event.after}


def replay(events) -> dict:
    """The particles that a layer's events, in order, leave: {id: (version, fields)}."""
    found = {}
    for event in events:
        if event.action == Event.Action.DELETE:
            found.pop(event.particle_id, None)
        elif event.action == Event.Action.ADD:
            found[event.particle_id] = (event.version, dict(event.after))
        else:
            fields = found[event.particle_id][1]
            found[event.particle_id] = (event.version, {**fields, **event.after})
    return found
