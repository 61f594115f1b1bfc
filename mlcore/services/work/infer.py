"""The search of frames: each once, whatever happens to the worker meanwhile.

A frame's layer, its particles, its prediction and the run's counts are one transaction, and a prediction is
unique for run and frame: killed at any moment and started again, a run goes on behind the last whole frame.
"""

import time

from django.db import transaction
from django.utils import timezone

from annotations.models import Calibration, Layer, Particle
from annotations.services.copy_rows import create_rows
from annotations.services.measure import measure_particles, pixel_size_nm
from annotations.services.notify import push
from annotations.services.pixels import frame_pixels
from mlcore.inference.engine import load_engine
from mlcore.models import Prediction, Run
from mlcore.services.beat import RunCancelled
from mlcore.services.runs import frames_of, summary

OUTLINE_DIGITS = 2  # 0.01 px, far below what any image tells


def work(run, beat):
    """Search all frames of the run that are not searched yet."""
    engine = load_engine(run.engine)
    frames = list(frames_of(run))
    done = set(run.predictions.values_list("frame_id", flat=True))
    run.frames_total = len(frames)
    run.code_version = engine.version
    run.save(update_fields=["frames_total", "code_version"])
    refusals, notes = [], []
    for frame in frames:
        if frame.pk in done:
            continue
        beat(force=True)
        message = search_frame(run, frame, engine, beat, notes.append)
        if message:
            refusals.append(message)
    skipped = Prediction.objects.filter(run=run).exclude(message="")
    if refusals and skipped.count() == len(frames):
        raise ValueError(refusals[0])
    first = skipped.first()
    if first:
        return f"{skipped.count()} of {len(frames)} images could not be searched: {first.message}"
    return f"{len(notes)} of {len(frames)} images: {notes[0]}" if notes else ""


def search_frame(run, frame, engine, beat, on_note):
    """Search one frame and keep what was found; returns why it could not be searched, empty if it could."""
    began = time.monotonic()
    calibration = Calibration.objects.current_for(frame)
    size = pixel_size_nm(calibration)
    found, message = [], ""
    try:
        mean_size = size and (size[0] * size[1]) ** 0.5
        found = engine.find(frame_pixels(frame), mean_size, lambda share: beat(), on_note)
    except ValueError as error:
        message = str(error)
    _keep(run, frame, engine, found, began, message)
    return message


@transaction.atomic
def _keep(run, frame, engine, found, began, message):
    run_now = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run_now.status != Run.Status.RUNNING or run.predictions.filter(frame=frame).exists():
        raise RunCancelled
    layer = Layer.objects.create(
        frame=frame, kind=Layer.Kind.SUGGESTION, name=f"{engine.name} · run {run.pk}", author=run.created_by
    )
    classes = {name.lower(): pk for pk, name in run.project.label_classes.values_list("pk", "name")}
    particles = [_particle(layer, one, classes, run, engine) for one in found]
    # In force now, not when the search began: a change in between has measured what there was, not this.
    calibration = Calibration.objects.current_for(frame)
    measure_particles(particles=particles, frame=frame, calibration=calibration)
    for particle, one in zip(particles, found, strict=True):
        _note_interval(particle, one.estimate)
    create_rows(Particle, particles)
    Prediction.objects.create(
        run=run, frame=frame, layer=layer, engine_version=engine.version,
        seconds=time.monotonic() - began, message=message[:300],
    )  # fmt: skip
    run.frames_done = run.predictions.count()
    run.particles_found = run_now.particles_found + len(particles)
    run.heartbeat_at = timezone.now()
    run.save(update_fields=["frames_done", "particles_found", "heartbeat_at"])
    push(project_id=run.project_id, kind="run", payload=summary(run))
    push(
        project_id=run.project_id, kind="layer", payload={"frame": frame.pk, "layer": layer.pk, "run": run.pk}
    )


def _particle(layer, detection, classes, run, engine):
    outline = detection.outline.round(OUTLINE_DIGITS)
    low, high = outline.min(0).tolist(), outline.max(0).tolist()
    return Particle(
        layer=layer, origin=Particle.Origin.SUGGESTED, confidence=detection.confidence,
        engine=f"{engine.name} {engine.version}",
        x=low[0], y=low[1], width=high[0] - low[0], height=high[1] - low[1], outline=outline.tolist(),
        label_class_id=classes.get(detection.label.lower()), created_by=run.created_by,
    )  # fmt: skip


def _note_interval(particle, estimate):
    if estimate is not None and particle.ecd_px is not None:
        particle.engine_ecd_px_low = particle.ecd_px * estimate.ecd_factor_low / estimate.ecd_factor
        particle.engine_ecd_px_high = particle.ecd_px * estimate.ecd_factor_high / estimate.ecd_factor
