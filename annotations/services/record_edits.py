"""Writing edits into a layer's ledger: each exactly once, none silently over somebody else's."""

from dataclasses import dataclass, field
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.models import Event, Particle
from annotations.services.edit_batch import EditBatch
from annotations.services.edit_conflicts import refusal, told_apart
from annotations.services.edit_fields import checked_fields
from annotations.services.layers import lock_working_layer
from annotations.services.notify import push
from annotations.services.projection import UNITS, snapshot
from annotations.services.take_back import take_back

MAX_EDITS = 500  # a request; a client with more sends several


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What a client asks for. `base_version` is the particle's version that the person saw."""

    id: UUID
    group: UUID
    action: str  # add, change, delete or undo
    particle: UUID | None = None
    base_version: int = 0
    fields: dict = field(default_factory=dict)
    undoes: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an edit: applied, duplicate (already was), merged, conflict or refused.

    `particles` are the current rows where the client cannot know them, `gone` the ids that are no more.
    """

    id: UUID
    status: str
    version: int | None = None
    detail: str = ""
    particles: list = field(default_factory=list)
    gone: list = field(default_factory=list)
    suggestion_layers: list = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A layer's sequence after some edits, how many events they were, and what became of each."""

    sequence: int
    count: int
    results: list[Result]


@transaction.atomic
def record_edits(*, layer, by, edits) -> Recorded:
    """Append edits to a layer's ledger and bring its particles up to them.

    One bad edit is refused in its own result and does not hold up the others.

    Raises
    ------
    ValidationError
        If the layer takes no edits, or they are too many for one request.
    """
    if len(edits) > MAX_EDITS:
        raise ValidationError(f"One request takes {MAX_EDITS} edits, got {len(edits)}; send several.")
    layer = lock_working_layer(layer)
    batch = EditBatch(layer=layer, by=by)
    known = {e.edit: e for e in Event.objects.filter(layer=layer, edit__in=[edit.id for edit in edits])}
    batch.load(edit.particle for edit in edits if edit.action != "undo")
    results = []
    for edit in edits:
        result = _replayed(batch, edit, known) or _record(batch, edit)
        results.append(result)
        known.update({event.edit: event for event in batch.events[-1:]})
    batch.write()
    told = {"layer": layer.pk, "sequence": layer.sequence, "frame": layer.frame_id}
    if batch.events:
        push(project_id=batch.project_id, kind="layer", payload=told)
    for edit, result in zip(edits, results, strict=True):
        for suggestions in result.suggestion_layers:  # decisions were taken back there
            of = {"suggestions": suggestions, "group": str(edit.group)}
            push(project_id=batch.project_id, kind="layer", payload=told | of)
    return Recorded(sequence=layer.sequence, count=len(batch.events), results=results)


def _replayed(batch, edit, known):
    """An edit that arrived before, its answer lost: say so, and do nothing."""
    event = known.get(edit.id)
    if event is None:
        return None
    batch.shifts[event.particle_id] = event.version - (edit.base_version + 1)
    particle = batch.particles.get(event.particle_id)
    rows = [particle] if particle is not None and particle.outline is not None else []
    return Result(id=edit.id, status="duplicate", version=event.version, particles=rows)


def _record(batch, edit):
    if edit.action == "undo":
        return _undo(batch, edit)
    try:
        # Savepoints are not needed: nothing is written before `batch.write`.
        return {"add": _add, "change": _change, "delete": _delete}[edit.action](batch, edit)
    except ValidationError as error:
        batch.shifts[edit.particle] -= 1  # what the client did on top of it rests on the version before
        return _refused(batch, edit, "refused", " ".join(error.messages))


def _add(batch, edit):
    if edit.particle in batch.elsewhere or batch.particles[edit.particle] is not None:
        raise ValidationError("A box with this id is already there; reload the page.")
    fields = checked_fields(fields=edit.fields, particle=None, frame=batch.frame, class_ids=batch.class_ids)
    state = {
        "outline": None, "label_class": None, "source": None, "engine": "",
        "confidence": None, "engine_ecd_px_low": None, "engine_ecd_px_high": None,
        "origin": Particle.Origin.DRAWN, "created_by": batch.by.pk, **fields,
    }  # fmt: skip
    particle = batch.add(edit=edit.id, group=edit.group, particle_id=edit.particle, state=state,
                         undoes=edit.undoes)  # fmt: skip
    batch.shifts[edit.particle] = particle.version - 1 - edit.base_version
    return _applied(batch, edit, "applied", particle)


def _change(batch, edit):
    particle = batch.particles[edit.particle]
    if particle is None:
        return _refused(batch, edit, "conflict", refusal(batch, edit))
    fields = checked_fields(
        fields=edit.fields, particle=particle, frame=batch.frame, class_ids=batch.class_ids
    )
    before = snapshot(particle)
    fields = {name: value for name, value in fields.items() if before[name] != value}
    base = edit.base_version + batch.shifts[edit.particle]
    status = "applied"
    if base != particle.version:
        status = "merged"
        if not told_apart(batch, edit, {UNITS[name] for name in edit.fields}, base):
            batch.shifts[edit.particle] -= 1
            return _refused(batch, edit, "conflict", refusal(batch, edit, base))
    batch.change(edit=edit.id, group=edit.group, particle=particle, fields=fields, undoes=edit.undoes)
    batch.shifts[edit.particle] = particle.version - 1 - edit.base_version
    return _applied(batch, edit, status, particle)


def _delete(batch, edit):
    particle = batch.particles[edit.particle]
    if particle is None:
        if batch.past_versions.get(edit.particle) is None:
            return _refused(batch, edit, "conflict", refusal(batch, edit))
        return Result(id=edit.id, status="merged", gone=[edit.particle])  # both wanted it gone
    base = edit.base_version + batch.shifts[edit.particle]
    if base != particle.version and not told_apart(batch, edit, set(UNITS.values()), base):
        batch.shifts[edit.particle] -= 1
        return _refused(batch, edit, "conflict", refusal(batch, edit, base))
    batch.delete(edit=edit.id, group=edit.group, particle=particle, undoes=edit.undoes)
    return Result(id=edit.id, status="applied", version=batch.past_versions[edit.particle])


def _undo(batch, edit):
    try:
        if edit.undoes is None:
            raise ValidationError("An undo must name what it takes back.")
        done = take_back(batch=batch, group=edit.group, undoes=edit.undoes)
    except ValidationError as error:
        return Result(id=edit.id, status="refused", detail=" ".join(error.messages))
    is_done = done.touched or done.suggestion_layers
    status = "duplicate" if done.is_replay else "applied" if is_done else "conflict"
    rows = _rows(batch, {*done.touched, *done.left})
    return Result(
        id=edit.id, status=status, detail=done.detail, suggestion_layers=done.suggestion_layers, **rows
    )


def _applied(batch, edit, status, particle):
    # The client knows what it asked for. It does not know what others did, an outline's size, what was cut.
    is_told = status == "merged" or "outline" in edit.fields or (edit.action == "add" and particle.outline)
    is_cut = any(getattr(particle, name) != value for name, value in edit.fields.items()
                 if name in {"x", "y", "width", "height"})  # fmt: skip
    rows = [particle] if is_told or is_cut else []
    return Result(id=edit.id, status=status, version=particle.version, particles=rows)


def _refused(batch, edit, status, detail):
    return Result(id=edit.id, status=status, detail=detail, **_rows(batch, {edit.particle}))


def _rows(batch, particle_ids):
    found = {key: batch.particles.get(key) for key in particle_ids}
    return {
        "particles": [particle for particle in found.values() if particle is not None],
        "gone": [key for key, particle in found.items() if particle is None],
    }
