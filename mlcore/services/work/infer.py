"""The search of frames: each once, whatever happens to the worker meanwhile.

A frame's layer, its particles, its prediction and the run's counts are one transaction, and a prediction is
unique for run and frame: killed at any moment and started again, a run goes on behind the last whole frame.
"""

import time

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotations.models import Calibration, Frame, Layer, Particle
from annotations.services.copy_rows import create_rows
from annotations.services.measure import measure_particles, pixel_size_nm
from annotations.services.notify import push
from annotations.services.pixels import frame_pixels
from mlcore.models import Prediction, Run
from mlcore.services.beat import ChunkBeat, RunCancelled, RunHandedOn
from mlcore.services.chunks import begun, close_chunk, give_back, next_chunk
from mlcore.services.lease import share
from mlcore.services.memory import is_out_of_memory
from mlcore.services.model_versions import engine_for
from mlcore.services.runs import end_if_running, summary

MAX_ATTEMPTS = 3  # workers that one frame may take with it
LOST = f"The worker was lost {MAX_ATTEMPTS} times while it searched this image; please tell the operator."
TOO_LARGE = "The worker has not enough memory for this image."
OUTLINE_DIGITS = 2  # 0.01 px, far below what any image tells


def search_next(run_pk):
    """Search one chunk of a run's frames; whether there was one that nobody had.

    Whatever stops it, what is searched stays, and the chunk's other frames are open again.
    """
    with share(run_pk) as may_work:
        run = begun(run_pk) if may_work else None
        if run is None:
            return False
        with next_chunk(run) as chunk:
            if chunk is None:
                join(run)
                return False
            try:
                _search(run, chunk)
            except BaseException:
                give_back(chunk)
                raise
        join(run)
        return True


def _search(run, chunk):
    engine = engine_for(run.engine, run.model_version)
    if run.code_version != engine.version:
        Run.objects.filter(pk=run.pk).update(code_version=engine.version)
    beat = ChunkBeat(run, summary=summary)
    frames = Frame.objects.select_related("acquisition").in_bulk(chunk.frames)
    done = set(run.predictions.filter(frame__in=chunk.frames).values_list("frame_id", flat=True))
    left = [frames[pk] for pk in chunk.frames if pk in frames and pk not in done]
    if chunk.attempts > MAX_ATTEMPTS and left:
        _keep(run, left.pop(0), engine, [], time.monotonic(), LOST, was_searched=False)
        chunk.attempts = 1
        chunk.save(update_fields=["attempts"])
    for position, frame in enumerate(left):
        beat()
        if position and not run.is_urgent and is_somebody_waiting():
            raise RunHandedOn
        search_frame(run, frame, engine, beat)
    close_chunk(chunk)


def is_somebody_waiting():
    """Whether a person's single image waits for a worker."""
    return Run.objects.filter(is_urgent=True, status=Run.Status.QUEUED).exists()


def join(run):
    """End a search whose chunks are all done: once, whoever sees it first."""
    if run.chunks.filter(is_done=False).exists():
        return
    predictions = Prediction.objects.filter(run=run)
    total, skipped = predictions.count(), predictions.filter(was_searched=False)
    n_skipped, first = skipped.count(), skipped.first()
    noted = predictions.filter(was_searched=True).exclude(message="")
    status, sentence = Run.Status.SUCCEEDED, ""
    if first and n_skipped == total:
        status, sentence = Run.Status.FAILED, first.message
    elif first:
        sentence = f"{n_skipped} of {total} images could not be searched: {first.message}"
    elif note := noted.first():
        sentence = f"{noted.count()} of {total} images: {note.message}"
    # Frames that were deleted on the way are part of it no longer.
    end_if_running(run, status, sentence, frames_total=total, frames_done=total)


def search_frame(run, frame, engine, beat):
    """Search one frame and keep what was found, or why it could not be searched."""
    began = time.monotonic()
    calibration = Calibration.objects.current_for(frame)
    size = pixel_size_nm(calibration)
    found, notes, was_searched = [], [], True
    try:
        mean_size = size and (size[0] * size[1]) ** 0.5
        found = engine.find(frame_pixels(frame), mean_size, lambda share: beat(), notes.append)
    except ValueError as error:
        notes, was_searched = [str(error)], False
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        notes, was_searched = [TOO_LARGE], False
    _keep(run, frame, engine, found, began, " ".join(notes), was_searched=was_searched)


@transaction.atomic
def _keep(run, frame, engine, found, began, message, *, was_searched):
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
        seconds=time.monotonic() - began, message=message[:300], was_searched=was_searched,
    )  # fmt: skip
    # Last: workers that share the run wait for each other from here to the commit only.
    alive = Run.objects.filter(pk=run.pk, status__in=[Run.Status.RUNNING, Run.Status.PAUSED])
    n, now = len(particles), timezone.now()
    counts = {"frames_done": F("frames_done") + 1, "particles_found": F("particles_found") + n}
    if not alive.update(heartbeat_at=now, **counts):
        raise RunCancelled
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
