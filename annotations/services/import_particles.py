"""Particles from another program: looked at first, then written whole or not at all, and only once."""

import re
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.exchange import coco
from annotations.models import Calibration, Event, Frame, LabelClass, Layer, Particle, Project, User
from annotations.services import classes
from annotations.services.edit_batch import EditBatch, derived_id
from annotations.services.import_report import ImportReport
from annotations.services.layers import lock_working_layer, working_layer
from annotations.services.match_images import match_images
from annotations.services.measure import measure_particle, measure_particles
from annotations.services.notify import push

NAMESPACE = uuid.UUID("6f6d0f57-3c0e-5b64-9a35-0d1c4d7f5a10")
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
MEASURED_AT_ONCE = 2_000


@dataclass
class Sheet:
    """What a file holds for one frame, and the particles made of it, measured while nobody waits."""

    frame: Frame
    wanted: dict  # id of the particle to be: annotation
    n: int  # annotations in the file
    calibration: Calibration | None = None
    particles: dict = field(default_factory=dict)  # unsaved, by id


@dataclass
class Prepared:
    """A file that was read, checked and measured: what is left to do is to write it."""

    project: Project
    by: User
    colors: dict  # of the classes that its annotations name
    sheets: list[Sheet]
    report: ImportReport


def import_coco(*, project, by, raw, is_trial=False) -> ImportReport:
    """Add the annotations of a COCO file to the working layers of the frames that they belong to.

    The same file again adds nothing: a particle's id follows from the frame and what the file says of it.
    One that was imported before and changed or deleted since stays as people left it.

    Raises
    ------
    ValidationError
        If the file is wrong, fits none of the project's images, or names classes that `by` may not create.
    """
    prepared = prepare_import(project=project, by=by, raw=raw, is_trial=is_trial)
    return prepared.report if is_trial else write_import(prepared)


def prepare_import(*, project, by, raw, is_trial=False, told=lambda share: None) -> Prepared:
    """The long part, without a lock and without a trace: read, match, and (unless on trial) measure.

    `told` is called with the share that is measured, 0 to 1.

    Raises
    ------
    ValidationError
        As `import_coco`.
    """
    try:
        file = coco.read(raw)
    except coco.NotCoco as error:
        raise ValidationError(str(error)) from error
    matches = match_images(project=project, images=file.images)
    in_file = Counter(annotation.image for annotation in file.annotations)
    used = {annotation.class_name for annotation in file.annotations} - {None}
    colors = {name: color for name, color in file.classes.items() if name in used}
    images = [(matches[image.key], in_file[image.key]) for image in file.images]
    report = ImportReport(images=images, new_classes=_missing(project, by, colors))
    if not any(match.frame for match in matches.values()):
        raise ValidationError(
            "None of the file's images is in this project, by content or by name and size; upload them first."
        )
    by_frame = defaultdict(list)
    for annotation in file.annotations:
        frame = matches[annotation.image].frame
        if frame is None:
            report.counts["unmatched"] += 1
        else:
            by_frame[frame].append(annotation)
            report.counts["simplified"] += annotation.is_simplified
            report.counts["box_only"] += annotation.outline is None
    sheets, n_done, n_all = [], 0, len(file.annotations)
    for frame, annotations in by_frame.items():
        wanted = {_particle_id(frame, annotation): annotation for annotation in annotations}
        sheets.append(Sheet(frame, wanted, len(annotations)))
        layer = Layer.objects.filter(frame=frame, kind=Layer.Kind.WORKING).first()
        new = _new(sheets[-1], layer, report.counts if is_trial else Counter())
        if not is_trial:
            _measure(sheets[-1], new, by, lambda n, before=n_done: told((before + n) / n_all))
        n_done += len(annotations)
    return Prepared(project, by, colors, sheets, report)


@transaction.atomic
def write_import(prepared) -> ImportReport:
    """The short part, in one transaction: whole or not at all, and while it lasts edits of its frames wait.

    Of 20,000 annotations it is 3 of 8 seconds of processor time, of the 50,000 that a file may hold 10 of 27.
    An edit that waits longer than the page does is sent again, and recorded once. One transaction a frame
    would make the wait shorter, but leave half a file where a later frame fails.

    Raises
    ------
    ValidationError
        If an image is gone, or `by` may no longer create a class that is missing.
    """
    project, by, report = prepared.project, prepared.by, prepared.report
    report.new_classes = _missing(project, by, prepared.colors)
    for name in report.new_classes:
        _create_class(project, name, prepared.colors[name])
    classes_by_name = {row.name.casefold(): row for row in LabelClass.objects.filter(project=project)}
    layers = {working_layer(frame=sheet.frame).pk: sheet for sheet in prepared.sheets}
    for key, sheet in sorted(layers.items()):  # the order of everybody who locks several: see `lock_layers`
        try:
            layer = lock_working_layer(Layer(pk=key))
        except Layer.DoesNotExist:
            raise ValidationError("An image was deleted while the file was read; import it again.") from None
        new = _new(sheet, layer, report.counts)
        if not new:
            continue
        if sheet.calibration != Calibration.objects.current_for(sheet.frame):
            sheet.particles = {}  # it changed since
        _measure(sheet, [key for key in new if key not in sheet.particles], by)
        group, batch = uuid.uuid4(), EditBatch(layer=layer, by=by)
        for key in new:
            particle, name = sheet.particles[key], sheet.wanted[key].class_name
            particle.label_class = classes_by_name[name.casefold()] if name else None
            particle.layer = layer
            batch.take(edit=derived_id(key, "import"), group=group, particle=particle)
        batch.write()
        told = {"layer": layer.pk, "sequence": layer.sequence, "frame": layer.frame_id}
        push(project_id=project.pk, kind="layer", payload=told)
    report.is_done = True
    return report


def _missing(project, by, names):
    """Those classes that the project has not, if `by` may create them."""
    known = {name.casefold() for name in project.label_classes.values_list("name", flat=True)}
    missing = [name for name in names if name.casefold() not in known]
    if missing and not Project.objects.manageable_by(by).filter(pk=project.pk).exists():
        some = ", ".join(f"“{name}”" for name in missing[:5])
        raise ValidationError(
            f"This project has not all classes of the file ({some}); ask a manager to add them."
        )
    return missing


def _create_class(project, name, color):
    free = classes.suggest(project=project)
    color = color if color and COLOR.fullmatch(color) else free["color"]
    return classes.create_class(project=project, name=name, color=color, key=free["key"])


def _new(sheet, layer, counts):
    """The ids that are not on the layer yet and never were; all are counted."""
    wanted = dict(sheet.wanted)
    counts["present"] += sheet.n - len(wanted)
    own = {annotation.etem_id: key for key, annotation in wanted.items() if _is_uuid(annotation.etem_id)}
    present, past = set(), set()
    if layer:
        keys = [*wanted, *own]
        present.update(Particle.objects.filter(layer=layer, id__in=keys).values_list("id", flat=True))
        events = Event.objects.filter(layer=layer, particle_id__in=keys)
        past.update(events.values_list("particle_id", flat=True))
    for keys, name in ((present, "present"), (past - present, "deleted")):
        for key in keys:
            if wanted.pop(own.get(str(key), key), None):
                counts[name] += 1
    counts["new"] += len(wanted)
    return list(wanted)


def _measure(sheet, keys, by, told=lambda n: None):
    """Make and measure the particles of some ids, with the calibration in force now."""
    if not keys:
        return
    sheet.calibration = Calibration.objects.current_for(sheet.frame)
    for start in range(0, len(keys), MEASURED_AT_ONCE):
        told(start)
        some = {key: _particle(key, sheet.wanted[key], by) for key in keys[start : start + MEASURED_AT_ONCE]}
        measure_particles(particles=some.values(), frame=sheet.frame, calibration=sheet.calibration)
        for particle in some.values():
            if particle.outline is None:
                measure_particle(particle=particle, frame=sheet.frame, calibration=sheet.calibration)
        sheet.particles |= some


def _particle(key, annotation, by):
    x, y, width, height = annotation.bbox
    return Particle(
        id=key,
        x=x,
        y=y,
        width=width,
        height=height,
        outline=annotation.outline,
        confidence=annotation.confidence,
        origin=Particle.Origin.IMPORTED,
        created_by=by,
    )


def _particle_id(frame, annotation):
    own = annotation.etem_id or f"{annotation.key}:{annotation.bbox}:{annotation.outline}"
    return uuid.uuid5(NAMESPACE, f"{frame.pk}:{own}")


def _is_uuid(text):
    try:
        return text is not None and str(uuid.UUID(text)) == text
    except ValueError:
        return False
