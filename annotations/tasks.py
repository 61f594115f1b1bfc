"""What workers do for this app. A task only carries a key; the row is the truth, so twice does no harm."""

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

LIMITS_S = {"soft_time_limit": settings.TASK_LIMIT_S, "time_limit": settings.TASK_LIMIT_S + 60}


@shared_task(acks_late=True, **LIMITS_S)
def import_task(acquisition_pk: int) -> None:
    # Imported here: the web process queues this task and needs none of the readers.
    from annotations.services.run_import import run_import

    run_import(acquisition_pk=acquisition_pk)


@shared_task(acks_late=True, soft_time_limit=60, time_limit=120)
def requeue_imports_task() -> None:
    """Queue again what a lost worker or message left behind; beat runs it, and a worker on its start."""
    from annotations.services.run_import import requeue_lost_imports
    from annotations.services.run_particle_import import requeue_lost_particle_imports

    requeue_lost_imports()
    requeue_lost_particle_imports()


@worker_ready.connect
def look_for_lost_imports(**signal):
    requeue_imports_task.apply_async()


@shared_task(acks_late=True, **LIMITS_S)
def import_particles_task(particle_import_pk: int) -> None:
    """Import a COCO file that was too large for a request."""
    from annotations.services.run_particle_import import run_particle_import

    run_particle_import(pk=particle_import_pk)


@shared_task(acks_late=True, **LIMITS_S)
def remeasure_task(acquisition_pk: int) -> None:
    """Give the outlines of an acquisition their nm again after a change of its calibration."""
    from annotations.services.calibrate import remeasure_under_lock

    remeasure_under_lock(acquisition_pk=acquisition_pk)


@shared_task(acks_late=True, **LIMITS_S)
def sweep_uploads_task() -> None:
    """Clear away uploads that nobody came back to, and bytes that belong to none."""
    from annotations.services.kept import trim
    from annotations.services.uploads import sweep_stray_files, sweep_uploads

    sweep_uploads()
    sweep_stray_files()
    trim()
