"""What workers do for this app. A task only carries a key; the row is the truth, so twice does no harm."""

import threading

from celery import current_app, shared_task
from celery.signals import worker_process_init, worker_ready
from django.conf import settings

LIMITS_S = {"soft_time_limit": settings.TASK_LIMIT_S, "time_limit": settings.TASK_LIMIT_S + 60}


@shared_task(acks_late=True, **LIMITS_S)
def run_task(run_pk: int, dispatch: int) -> None:
    # Imported here: the web process queues this task and must load no engine.
    from mlcore.services.execute import execute_message

    execute_message(run_pk=run_pk, dispatch=dispatch)


def send(run_pk, dispatch, queue, messages=1):
    """Queue messages of a run that is committed."""
    for _ in range(messages):
        run_task.apply_async((run_pk, dispatch), queue=queue)


@shared_task(acks_late=True, **LIMITS_S)
def freeze_dataset_task(dataset_pk: int) -> None:
    from mlcore.services.dataset_freeze import run_freeze

    run_freeze(dataset_pk=dataset_pk)


def freeze_again(dataset_pk):
    """A busy queue must not fill with one message a round: those that are too late are dropped."""
    freeze_dataset_task.apply_async((dataset_pk,), expires=60)


@shared_task(acks_late=True, soft_time_limit=60, time_limit=120)
def requeue_runs_task() -> None:
    """Queue again what a lost worker or message left behind; beat runs it, and a worker on its start."""
    from mlcore.services.dataset_freeze import requeue_lost_datasets
    from mlcore.services.requeue import requeue_lost_runs

    requeue_lost_runs()
    requeue_lost_datasets()


@worker_process_init.connect
def get_ready(**signal):
    """Nobody in front of a screen waits for imports: the engine loads before it is asked for."""
    if "now" in current_app.amqp.queues.consume_from:
        # Beside the first messages, not before them: Celery gives a process four seconds to begin.
        threading.Thread(target=_get_ready, daemon=True).start()


def _get_ready():
    from mlcore.services.ready import search_nothing

    search_nothing()


@worker_ready.connect
def look_for_lost_runs(**signal):
    requeue_runs_task.apply_async()


@shared_task(acks_late=True, soft_time_limit=900, time_limit=960)
def load_demo_task(project_pk: int) -> None:
    # Imported here: the web process queues tasks and needs none of what they load.
    from annotations.models import Project
    from mlcore.services.import_demo import import_demo

    import_demo(project=Project.objects.get(pk=project_pk))
