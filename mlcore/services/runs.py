"""Start and cancel runs; what a worker does with one is in execute.py."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Frame
from annotations.services.notify import push
from mlcore.inference.engine import DEFAULT_ENGINE, ENGINES
from mlcore.models import Run
from mlcore.services.lease import lease
from mlcore.tasks import infer_task

LOST_MESSAGE_S = 600  # a run that waits longer than this is queued again
NO_IMAGES = "There is no image to search yet; upload one, or wait until it has been read."


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
        "frame": run.frame_id,
        "engine": run.engine,
        "status": run.status,
        "frames_done": run.frames_done,
        "frames_total": run.frames_total,
        "particles_found": run.particles_found,
        "message": run.message,
    }


def start_inference(*, by, project, frame=None, engine=DEFAULT_ENGINE, config=None) -> Run:
    """Queue a search of one frame or of the whole project; the worker gets it once this is committed.

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
    run = Run(project=project, frame=frame, engine=engine, config={}, created_by=by)
    run.frames_total = frames_of(run).count()
    if not run.frames_total:
        raise ValidationError(NO_IMAGES)
    alike = Run.objects.active().filter(project=project, frame=frame, engine=engine)
    try:
        with transaction.atomic():
            run.save()
            infer_task.delay_on_commit(run.pk)
    except IntegrityError as error:
        other = alike.first()
        name = f"Run {other.pk}" if other else "Another run"
        where = "this image" if frame else "this project"
        raise ValidationError(f"{name} is searching {where} already; wait for it or cancel it.") from error
    push(project_id=project.pk, kind="run", payload=summary(run))
    return run


@transaction.atomic
def cancel_run(*, run) -> Run:
    """End a waiting run at once, and ask a running one to stop; what it found so far stays.

    Raises
    ------
    ValidationError
        If it has ended already.
    """
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.is_finished:
        raise ValidationError(f"Run {run.pk} has ended already ({run.get_status_display().lower()}).")
    run.cancel_requested = True
    if run.status == Run.Status.QUEUED:
        end(run, Run.Status.CANCELLED, "Cancelled before it began.")
    else:
        run.save(update_fields=["cancel_requested"])
        push(project_id=run.project_id, kind="run", payload=summary(run))
    return run


def end(run, status, message="", traceback=""):
    """Write a run's end, and tell the open pages."""
    run.status, run.message, run.traceback = status, message[:500], traceback
    run.finished_at = timezone.now()
    run.save(update_fields=["status", "message", "traceback", "finished_at", "cancel_requested"])
    push(project_id=run.project_id, kind="run", payload=summary(run))


def requeue_lost_runs():
    """Queue again runs whose worker died, and those whose message was lost; returns how many."""
    count = 0
    for pk in Run.objects.filter(status=Run.Status.RUNNING).values_list("pk", flat=True):
        with lease(pk) as is_free:
            pass
        if is_free:
            with transaction.atomic():
                infer_task.delay_on_commit(pk)
            count += 1
    long_ago = timezone.now() - timedelta(seconds=LOST_MESSAGE_S)
    for pk in Run.objects.filter(status=Run.Status.QUEUED, created_at__lt=long_ago).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            infer_task.delay_on_commit(pk)
        count += 1
    return count
