"""Start, cancel, pause and retry runs; what a worker does with one is in execute.py."""

import hashlib
import json

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from annotations.models import Frame
from annotations.services.notify import push
from mlcore.inference.engine import DEFAULT_ENGINE, ENGINES
from mlcore.models import ACTIVE, Run, RunLine
from mlcore.services.lease import lease
from mlcore.services.model_versions import LEARNED, champion_of
from mlcore.services.queues import queue_of
from mlcore.tasks import send

NO_IMAGES = "There is no image to search yet; upload one, or wait until it has been read."
MAX_NOTES = 10_000
DOES = {
    Run.Kind.INFER: "is searching {where} already",
    Run.Kind.TRAIN_DETECTOR: "trains a detector with the same settings already",
    Run.Kind.TRAIN_FEATURENET: "trains FeatureNet with the same settings already",
    Run.Kind.TRAIN_GAN: "trains a GAN with the same settings already",
    Run.Kind.SYNTHESISE: "makes the same images already",
    Run.Kind.EVALUATE: "evaluates the same already",
    Run.Kind.BENCHMARK: "measures the same already",
    Run.Kind.COMPARE: "compares the same already",
}


def frames_of(run):
    """The frames that a run is over, in order; those imported later are not part of it."""
    frames = Frame.objects.ready().filter(acquisition__project_id=run.project_id)
    if run.frame_id:
        frames = frames.filter(pk=run.frame_id)
    if run.started_at:
        frames = frames.filter(acquisition__uploaded_at__lte=run.created_at)
    return frames.select_related("acquisition").order_by("acquisition_id", "index")


def summary(run):
    """What open pages are told of a run; the API's answer holds the same."""
    return {
        "id": run.pk,
        "kind": run.kind,
        "frame": run.frame_id,
        "engine": run.engine,
        "status": run.status,
        "frames_done": run.frames_done,
        "frames_total": run.frames_total,
        "steps_done": run.steps_done,
        "steps_total": run.steps_total,
        "particles_found": run.particles_found,
        "message": run.message,
    }


def start_inference(
    *, by, project, frame=None, engine=DEFAULT_ENGINE, config=None, model_version=None
) -> Run:
    """Queue a search of one frame or of the whole project; the worker gets it once this is committed.

    The network searches with the project's champion unless a model is named.

    Raises
    ------
    ValidationError
        If there is no such engine, nothing to search, a setting the engine does not know, or a search of the
        same is under way.
    """
    if engine not in ENGINES:
        known = ", ".join(sorted(ENGINES))
        raise ValidationError({"engine": f"There is no engine “{engine}”; choose one of: {known}."})
    if config:
        names = ", ".join(sorted(map(str, config)))
        raise ValidationError({"config": f"The engine “{engine}” has no settings, but got: {names}."})
    if frame and frame.acquisition.project_id != project.pk:
        raise ValidationError({"frame": "This image belongs to another project."})
    if engine == LEARNED:
        model_version = model_version or champion_of(project)
    elif model_version is not None:
        raise ValidationError(
            {"model_version": f"The engine “{engine}” has no weights; leave the model out."}
        )
    frames_total = frames_of(Run(project=project, frame=frame)).count()
    if not frames_total:
        raise ValidationError(NO_IMAGES)
    return start_run(
        by=by, project=project, kind=Run.Kind.INFER, frame=frame, engine=engine, model_version=model_version,
        frames_total=frames_total, is_urgent=frame is not None,
    )  # fmt: skip


def start_run(
    *, by, project, kind, frame=None, engine="", dataset=None, model_version=None, config=None, seed=0,
    parent=None, frames_total=0, steps_total=0, is_urgent=False,
) -> Run:  # fmt: skip
    """Write a run's row and queue it once that is committed; what a kind demands is checked before.

    Raises
    ------
    ValidationError
        If dataset or model are of another project, or a run of the same is under way: a double click.
    """
    for name, row in {"dataset": dataset, "model": model_version}.items():
        if row is not None and row.project_id != project.pk:
            raise ValidationError(f"This {name} belongs to another project.")
    if model_version is not None and model_version.is_gan and kind != Run.Kind.SYNTHESISE:
        raise ValidationError({"model_version": f"{model_version} makes images and finds no particles."})
    run = Run(
        project=project, kind=kind, frame=frame, engine=engine, dataset=dataset, model_version=model_version,
        config=config or {}, config_sha256=_digest(config, seed), seed=seed, parent=parent, created_by=by,
        frames_total=frames_total, steps_total=steps_total, is_urgent=is_urgent,
    )  # fmt: skip
    try:
        with transaction.atomic():
            run.save()
            queue_run(run)
    except IntegrityError as error:
        raise ValidationError(_alike_sentence(run)) from error
    push(project_id=project.pk, kind="run", payload=summary(run))
    return run


def queue_run(run, messages=1):
    """Hand a run out anew: messages of an earlier time do nothing from now on."""
    Run.objects.filter(pk=run.pk).update(dispatch=F("dispatch") + 1, dispatched_at=timezone.now())
    run.dispatch = Run.objects.values_list("dispatch", flat=True).get(pk=run.pk)
    sent = (run.pk, run.dispatch, queue_of(run), messages)
    transaction.on_commit(lambda: send(*sent))


@transaction.atomic
def cancel_run(*, run) -> Run:
    """End a run that nobody works on at once, and ask a running one to stop; what it found so far stays.

    Raises
    ------
    ValidationError
        If it has ended already.
    """
    run = _locked(run)
    if run.is_finished:
        raise ValidationError(f"Run {run.pk} has ended already ({run.get_status_display().lower()}).")
    run.cancel_requested = True
    with lease(run.pk) as is_free:
        if run.status == Run.Status.QUEUED and not run.started_at:
            end(run, Run.Status.CANCELLED, "Cancelled before it began.")
        elif run.status != Run.Status.RUNNING or is_free:
            end(run, Run.Status.CANCELLED, cancelled_sentence(run))
        else:
            run.save(update_fields=["cancel_requested"])
            push(project_id=run.project_id, kind="run", payload=summary(run))
    return run


def cancelled_sentence(run):
    return f"Cancelled after {run.done_in_words}; what was {'made' if run.steps_total else 'found'} stays."


@transaction.atomic
def pause_run(*, run) -> Run:
    """Let a run rest, with all it has done, until it is resumed; others go on with its workers.

    Raises
    ------
    ValidationError
        If it is neither waiting nor running.
    """
    run = _locked(run)
    if run.status not in {Run.Status.QUEUED, Run.Status.RUNNING} or run.cancel_requested:
        raise ValidationError(f"Run {run.pk} is not running ({run.get_status_display().lower()}).")
    with lease(run.pk) as is_free:
        if run.status == Run.Status.QUEUED or is_free:
            set_paused(run)
        else:
            run.pause_requested = True
            run.save(update_fields=["pause_requested"])
            push(project_id=run.project_id, kind="run", payload=summary(run))
    return run


@transaction.atomic
def resume_run(*, run) -> Run:
    """Let a paused run go on where it stopped.

    Raises
    ------
    ValidationError
        If it is not paused.
    """
    run = _locked(run)
    if run.status == Run.Status.RUNNING and run.pause_requested:
        run.pause_requested = False  # not stopped yet: it just goes on
        run.save(update_fields=["pause_requested"])
    elif run.status == Run.Status.PAUSED:
        run.rested_s += run.rest_s
        _requeue(run)
    else:
        raise ValidationError(f"Run {run.pk} is not paused ({run.get_status_display().lower()}).")
    push(project_id=run.project_id, kind="run", payload=summary(run))
    return run


def retry_run(*, run, by, config=None) -> Run:
    """Queue a failed or cancelled run again: it goes on where it stopped; with another `config`, a new run.

    Raises
    ------
    ValidationError
        If it has not failed and was not cancelled, or a run of the same is under way.
    """
    try:
        with transaction.atomic():
            run = _locked(run)
            if run.status not in {Run.Status.FAILED, Run.Status.CANCELLED}:
                sentence = "only one that failed or was cancelled can be tried again"
                raise ValidationError(f"Run {run.pk} is {run.get_status_display().lower()}: {sentence}.")
            if config is not None and config != run.config:
                return start_run(
                    by=by, project=run.project, kind=run.kind, frame=run.frame, engine=run.engine,
                    dataset=run.dataset, model_version=run.model_version, config=config, seed=run.seed,
                    parent=run, frames_total=run.frames_total, steps_total=run.steps_total,
                    is_urgent=run.is_urgent,
                )  # fmt: skip
            name = by.display_name if by else "the site"
            RunLine.objects.create(run=run, text=f"Tried again by {name}. Before: {run.message}"[:500])
            run.rested_s += run.rest_s
            run.message, run.traceback, run.offer, run.finished_at = "", "", {}, None
            _requeue(run)
    except IntegrityError as error:
        raise ValidationError(_alike_sentence(run)) from error
    push(project_id=run.project_id, kind="run", payload=summary(run))
    return run


def note_on_run(*, run, notes) -> Run:
    """Keep what people have to say of a run.

    Raises
    ------
    ValidationError
        If it is longer than anybody reads.
    """
    if len(notes) > MAX_NOTES:
        raise ValidationError(
            {"notes": f"Notes hold {MAX_NOTES:,} characters, and these are {len(notes):,}."}
        )
    run.notes = notes.strip()
    run.save(update_fields=["notes"])
    push(project_id=run.project_id, kind="run", payload=summary(run))
    return run


def end(run, status, message="", traceback=""):
    """Write a run's end, and tell the open pages; nothing where another worker has it by now."""
    run.status, run.message, run.traceback = status, message[:500], traceback
    run.finished_at, run.pause_requested = timezone.now(), False
    fields = [
        "status", "message", "traceback", "finished_at", "offer", "pause_requested", "cancel_requested",
        "steps_done",
    ]  # fmt: skip
    mine = Run.objects.filter(pk=run.pk, attempts=run.attempts, status__in=ACTIVE)
    if mine.update(**{name: getattr(run, name) for name in fields}):
        push(project_id=run.project_id, kind="run", payload=summary(run))


def end_if_running(run, status, message="", traceback="", **more):
    """Write the end of a run that several may end: one does. With PAUSED it only rests."""
    now = {"status": status, "pause_requested": False, **more}
    if status != Run.Status.PAUSED:
        now |= {"message": message[:500], "traceback": traceback, "finished_at": timezone.now()}
    running = Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING)
    if status == Run.Status.PAUSED:
        running = running.filter(pause_requested=True)  # nobody has resumed it meanwhile
    if running.update(**now):
        run.refresh_from_db()
        push(project_id=run.project_id, kind="run", payload=summary(run))


@transaction.atomic
def stop_working(run):
    """The work has stopped with nothing lost: the run rests, unless people think otherwise by now."""
    now = _locked(run)
    if now.status != Run.Status.RUNNING or now.attempts != run.attempts:
        return
    if now.cancel_requested:
        end(now, Run.Status.CANCELLED, cancelled_sentence(now))
    elif now.pause_requested:
        set_paused(now)
    else:  # resumed before it had stopped, or its message's time is up: another one goes on
        _requeue(now)


def set_paused(run):
    """Let a run rest that nobody works on."""
    run.status, run.pause_requested, run.attempts_excused = Run.Status.PAUSED, False, run.attempts
    run.save(update_fields=["status", "pause_requested", "attempts_excused"])
    push(project_id=run.project_id, kind="run", payload=summary(run))


def _requeue(run):
    run.status, run.cancel_requested, run.pause_requested = Run.Status.QUEUED, False, False
    run.attempts_excused = run.attempts
    run.save(
        update_fields=[
            "status", "cancel_requested", "pause_requested", "attempts_excused", "message", "traceback",
            "offer", "finished_at", "rested_s",
        ]
    )  # fmt: skip
    queue_run(run)


def _locked(run):
    return Run.objects.select_for_update(of=("self",)).select_related("project").get(pk=run.pk)


def _digest(config, seed):
    if not config and not seed:
        return ""
    return hashlib.sha256(json.dumps([config or {}, seed], sort_keys=True).encode()).hexdigest()


def _alike_sentence(run):
    alike = Run.objects.active().filter(
        project=run.project, kind=run.kind, frame=run.frame, engine=run.engine, dataset=run.dataset,
        model_version=run.model_version, config_sha256=run.config_sha256,
    )  # fmt: skip
    other = alike.first()
    name = f"Run {other.pk}" if other else "Another run"
    does = DOES[run.kind].format(where="this image" if run.frame_id else "this project")
    return f"{name} {does}; wait for it or cancel it."
