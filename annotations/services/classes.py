"""Label classes: what the artifacts of a project are called, coloured and keyed."""

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.models import LabelClass, Layer, Particle, Project
from annotations.services.edit_batch import EditBatch, derived_id
from annotations.services.layers import lock_layers
from annotations.services.notify import push

KEYS = range(1, 10)
# Okabe and Ito's palette: told apart by colour-blind eyes, and light enough to be seen on grey.
COLORS = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#ffffff", "#999999"]


def suggest(*, project):
    """Colour and key for the next class: the first that are free."""
    taken = list(project.label_classes.values_list("key", "color"))
    keys, colors = {key for key, _ in taken}, {color.lower() for _, color in taken}
    return {
        "color": next((color for color in COLORS if color not in colors), COLORS[0]),
        "key": next((key for key in KEYS if key not in keys), None),
    }


@transaction.atomic
def create_class(*, project, name, color, key=None) -> LabelClass:
    """A new class.

    Raises
    ------
    ValidationError
        If the name or key is taken, or a value is out of its range.
    """
    _lock(project)
    return _save(LabelClass(project=project, name=name.strip(), color=color, key=key))


@transaction.atomic
def update_class(*, label_class, **changes) -> LabelClass:
    """Rename, recolour or give another key; particles follow. A key in use changes places with this one's."""
    _lock(label_class.project)
    label_class = LabelClass.objects.select_related("project").get(pk=label_class.pk)
    old_key = label_class.key
    for field, value in changes.items():
        setattr(label_class, field, value.strip() if field == "name" else value)
    holder = _holder_of_key(label_class)
    if holder and "key" in changes:
        # Both rows pass through "no key": the constraint looks at each row as it is written.
        LabelClass.objects.filter(pk=label_class.pk).update(key=None)
        LabelClass.objects.filter(pk=holder.pk).update(key=old_key)
    return _save(label_class)


@transaction.atomic
def delete_class(*, by, label_class) -> int:
    """Delete a class; its particles stay and become unclassified, told in the ledger.

    Gives how many of people's particles that were: suggestions are not counted.
    """
    _lock(label_class.project)
    # All of the project's: an edit under way may be giving a particle this class just now.
    layers = lock_layers(Layer.objects.filter(frame__acquisition__project=label_class.project))
    group = uuid.uuid4()
    freed = 0
    found = Particle.objects.filter(label_class=label_class)
    with_some = set(found.order_by().values_list("layer", flat=True).distinct())
    for layer in layers:
        if layer.pk in with_some:
            n = _unclassify(layer, by, group, found.filter(layer=layer))
            freed += n if layer.kind == Layer.Kind.WORKING else 0
    label_class.delete()
    push(project_id=label_class.project_id, kind="classes", payload={})
    return freed


def _unclassify(layer, by, group, particles):
    batch = EditBatch(layer=layer, by=by)
    batch.particles = {particle.id: particle for particle in particles}
    for particle in batch.particles.values():
        edit = derived_id(group, particle.id)
        # `undoes` itself: no gesture of a person's own to be taken back, the class cannot be given again.
        batch.change(edit=edit, group=group, particle=particle, fields={"label_class": None}, undoes=group)
    batch.write()
    told = {"layer": layer.pk, "sequence": layer.sequence, "frame": layer.frame_id}
    push(project_id=batch.project_id, kind="layer", payload=told)
    return len(batch.particles)


def _lock(project):
    Project.objects.select_for_update().get(pk=project.pk)


def _holder_of_key(label_class):
    if label_class.key is None:
        return None
    others = LabelClass.objects.filter(project=label_class.project_id, key=label_class.key)
    return others.exclude(pk=label_class.pk).first()


def _save(label_class):
    others = LabelClass.objects.filter(project=label_class.project_id).exclude(pk=label_class.pk)
    if others.filter(name__iexact=label_class.name).exists():
        raise ValidationError({"name": f"This project already has a class named “{label_class.name}”."})
    if label_class.key is not None and label_class.key not in KEYS:
        raise ValidationError({"key": f"A key is a number from 1 to 9, or empty; got {label_class.key}."})
    holder = _holder_of_key(label_class)
    if holder:
        raise ValidationError({"key": f"Key {label_class.key} already belongs to “{holder.name}”."})
    label_class.full_clean(validate_constraints=False)
    label_class.save()
    push(project_id=label_class.project_id, kind="classes", payload={})
    return label_class
