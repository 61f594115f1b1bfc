"""Particles from another program: looked at first, then written whole or not at all, and only once."""

import re
import uuid
from collections import Counter, defaultdict

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.exchange import coco
from annotations.models import Calibration, Event, LabelClass, Layer, Particle, Project
from annotations.services import classes
from annotations.services.edit_batch import EditBatch, derived_id
from annotations.services.import_report import ImportReport
from annotations.services.layers import lock_working_layer, working_layer
from annotations.services.match_images import match_images
from annotations.services.measure import measure_particle, measure_particles
from annotations.services.notify import push
from annotations.services.projection import snapshot

NAMESPACE = uuid.UUID("6f6d0f57-3c0e-5b64-9a35-0d1c4d7f5a10")
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
MEASURED_AT_ONCE = 2_000


@transaction.atomic
def import_coco(*, project, by, raw, is_trial=False, told=lambda share: None) -> ImportReport:
    """Add the annotations of a COCO file to the working layers of the frames that they belong to.

    The same file again adds nothing: a particle's id follows from the frame and what the file says of it.
    One that was imported before and changed or deleted since stays as people left it.

    `told` is called with the share that is done, 0 to 1, while particles are measured and written.

    Raises
    ------
    ValidationError
        If the file is wrong, fits none of the project's images, or names classes that `by` may not create.
    """
    try:
        file = coco.read(raw)
    except coco.NotCoco as error:
        raise ValidationError(str(error)) from error
    matches = match_images(project=project, images=file.images)
    in_file = Counter(annotation.image for annotation in file.annotations)
    known = {
        label_class.name.casefold(): label_class for label_class in LabelClass.objects.filter(project=project)
    }
    used = {annotation.class_name for annotation in file.annotations} - {None}
    report = ImportReport(
        images=[(matches[image.key], in_file[image.key]) for image in file.images],
        new_classes=[name for name in file.classes if name in used and name.casefold() not in known],
    )
    if not any(match.frame for match in matches.values()):
        raise ValidationError(
            "None of the file's images is in this project, by content or by name and size; upload them first."
        )
    if report.new_classes and not Project.objects.manageable_by(by).filter(pk=project.pk).exists():
        names = ", ".join(f"“{name}”" for name in report.new_classes[:5])
        raise ValidationError(
            f"This project has not all classes of the file ({names}); ask a manager to add them."
        )
    if not is_trial:
        known |= {
            name.casefold(): _create_class(project, name, file.classes[name]) for name in report.new_classes
        }
    by_frame = defaultdict(list)
    for annotation in file.annotations:
        frame = matches[annotation.image].frame
        if frame is None:
            report.counts["unmatched"] += 1
        else:
            by_frame[frame].append(annotation)
            report.counts["simplified"] += annotation.is_simplified
            report.counts["box_only"] += annotation.outline is None
    written, n_done = [], 0
    for frame in sorted(by_frame, key=lambda frame: frame.pk):  # one order, so that nobody waits in a ring
        n = len(by_frame[frame])

        def told_of_frame(share, n_before=n_done, n=n):
            told((n_before + share * n) / len(file.annotations))

        written.append(_into_frame(frame, by_frame[frame], known, by, report.counts, is_trial, told_of_frame))
        n_done += n
    if not is_trial:
        report.is_done = True
        for layer in filter(None, written):
            told = {"layer": layer.pk, "sequence": layer.sequence, "frame": layer.frame_id}
            push(project_id=project.pk, kind="layer", payload=told)
    return report


def _create_class(project, name, color):
    free = classes.suggest(project=project)
    color = color if color and COLOR.fullmatch(color) else free["color"]
    return classes.create_class(project=project, name=name, color=color, key=free["key"])


def _into_frame(frame, annotations, known, by, counts, is_trial, told):
    """Add what is new on one frame; gives the layer if anything was written."""
    if is_trial:
        layer = Layer.objects.filter(frame=frame, kind=Layer.Kind.WORKING).first()
    else:
        layer = lock_working_layer(working_layer(frame=frame))
    wanted = {_particle_id(frame, annotation): annotation for annotation in annotations}
    counts["present"] += len(annotations) - len(wanted)
    own = {annotation.etem_id: key for key, annotation in wanted.items() if _is_uuid(annotation.etem_id)}
    present = Particle.objects.filter(layer=layer, id__in=[*wanted, *own]).values_list("id", flat=True)
    past = Event.objects.filter(layer=layer, particle_id__in=[*wanted, *own]).values_list(
        "particle_id", flat=True
    )
    present, past = set(present), set(past)
    for keys, name in ((present, "present"), (past - present, "deleted")):
        for key in keys:
            if wanted.pop(own.get(str(key), key), None):
                counts[name] += 1
    counts["new"] += len(wanted)
    if is_trial or not wanted:
        return None
    group = uuid.uuid4()
    batch = EditBatch(layer=layer, by=by)
    particles = {key: _particle(layer, key, annotation, known, by) for key, annotation in wanted.items()}
    _measure(list(particles.values()), layer.frame, told)
    for key, particle in particles.items():
        state = snapshot(particle)
        batch.copy(
            edit=derived_id(key, "import"), group=group, particle_id=key, state=state, measured_as=particle
        )
    batch.write()
    return layer


def _particle(layer, key, annotation, known, by):
    x, y, width, height = annotation.bbox
    label_class = known[annotation.class_name.casefold()] if annotation.class_name else None
    return Particle(
        id=key,
        layer=layer,
        label_class=label_class,
        x=x,
        y=y,
        width=width,
        height=height,
        outline=annotation.outline,
        confidence=annotation.confidence,
        origin=Particle.Origin.IMPORTED,
        created_by=by,
    )


def _measure(particles, frame, told):
    calibration = Calibration.objects.current_for(frame)
    for start in range(0, len(particles), MEASURED_AT_ONCE):
        told(start / len(particles))
        some = particles[start : start + MEASURED_AT_ONCE]
        measure_particles(particles=some, frame=frame, calibration=calibration)
        for particle in some:
            if particle.outline is None:
                measure_particle(particle=particle, frame=frame, calibration=calibration)


def _particle_id(frame, annotation):
    own = annotation.etem_id or f"{annotation.key}:{annotation.bbox}:{annotation.outline}"
    return uuid.uuid5(NAMESPACE, f"{frame.pk}:{own}")


def _is_uuid(text):
    try:
        return text is not None and str(uuid.UUID(text)) == text
    except ValueError:
        return False
