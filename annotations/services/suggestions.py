"""Accepting and rejecting what an engine suggested: in bulk, each decision once, all of it can be undone."""

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.models import Event, Layer, Particle
from annotations.same_box import is_there_already
from annotations.services.edit_batch import EditBatch, derived_id
from annotations.services.layers import lock_working_layer, working_layer
from annotations.services.notify import push
from annotations.services.projection import snapshot

Decision = Particle.Decision
BOX = ("x", "y", "width", "height")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a decision came to: the working layer and its sequence, new particles, how many were decided.

    `already_there` of those were accepted without a new particle.
    """

    layer: Layer
    count: int
    already_there: int = 0
    is_replay: bool = False
    particles: list = field(default_factory=list)


@transaction.atomic
def decide(
    *, layer, by, group, decision, suggestions=None, min_confidence=None, below_confidence=None
) -> Decided:
    """Accept or reject suggestions: the named ones, or all open ones on one side of a confidence.

    An accepted one is copied into the frame's working layer through its ledger, unless that layer has the
    particle already, whoever drew or accepted it: then it is accepted and nothing is added. `group` is the
    gesture's id: sent again, it does nothing. One that is accepted already is left alone.

    Raises
    ------
    ValidationError
        If the layer holds no suggestions, or the request does not say which are meant.
    """
    if layer.kind != Layer.Kind.SUGGESTION:
        raise ValidationError("Only suggestions are accepted or rejected; this layer holds annotations.")
    if decision not in {Decision.ACCEPTED, Decision.REJECTED}:
        raise ValidationError("A decision is “accepted” or “rejected”.")
    if sum(given is not None for given in (suggestions, min_confidence, below_confidence)) != 1:
        raise ValidationError("Say which: suggestions, min_confidence or below_confidence, one of them.")
    working = lock_working_layer(working_layer(frame=layer.frame))
    layer = Layer.objects.select_for_update().get(pk=layer.pk)
    if Event.objects.filter(layer=layer, group=group).exists():
        return Decided(layer=working, count=0, is_replay=True)
    chosen = _chosen(layer, decision, suggestions, min_confidence, below_confidence)
    layer.frame = working.frame
    decisions, drawn = EditBatch(layer=layer, by=by), EditBatch(layer=working, by=by)
    decisions.particles = {suggestion.id: suggestion for suggestion in chosen}
    known = _already_there(working, chosen) if decision == Decision.ACCEPTED else set()
    for suggestion in chosen:
        edit = derived_id(group, suggestion.id)
        decisions.change(edit=edit, group=group, particle=suggestion, fields={"decision": decision})
        if decision == Decision.ACCEPTED and suggestion.id not in known:
            state = snapshot(suggestion) | {
                "origin": Particle.Origin.ACCEPTED, "source": str(suggestion.id), "created_by": by.pk,
            }  # fmt: skip
            drawn.copy(edit=edit, group=group, particle_id=edit, state=state, measured_as=suggestion)
    decisions.write()
    drawn.write()
    payload = {"layer": working.pk, "sequence": working.sequence, "frame": working.frame_id,
               "suggestions": layer.pk, "group": str(group)}  # fmt: skip
    push(project_id=drawn.project_id, kind="layer", payload=payload)
    return Decided(layer=working, count=len(chosen), already_there=len(known),
                   particles=list(drawn.added.values()))  # fmt: skip


def _already_there(working, chosen):
    """Ids of suggestions whose particle the working layer has: a second copy would count it twice."""
    drawn = Particle.objects.filter(layer=working).order_by().values_list(*BOX)
    boxes = [[getattr(suggestion, name) for name in BOX] for suggestion in chosen]
    is_there = is_there_already(boxes, list(drawn))
    return {suggestion.id for suggestion, there in zip(chosen, is_there, strict=True) if there}


def _chosen(layer, decision, suggestions, min_confidence, below_confidence):
    found = Particle.objects.filter(layer=layer).exclude(decision__in=[Decision.ACCEPTED, decision])
    if suggestions is not None:
        return list(found.filter(id__in=suggestions))
    found = found.filter(decision=Decision.PENDING)
    if min_confidence is not None:
        return list(found.filter(confidence__gte=min_confidence))
    return list(found.filter(confidence__lt=below_confidence))
