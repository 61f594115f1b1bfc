"""Runs that a lost worker or a lost message left behind are queued again, within seconds."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from mlcore.models import Run
from mlcore.services.chunks import MESSAGES, n_open
from mlcore.services.lease import lease
from mlcore.services.queues import n_waiting, queue_of
from mlcore.services.runs import queue_run

PATIENCE_S = 60  # with messages that wait in a queue which workers are busy with
FRESH_S = 3  # a message that was just sent may be on its way


def requeue_lost_runs():
    """Queue again what no living worker and no message stands for; returns how many runs."""
    count = 0
    for run in Run.objects.filter(status__in=[Run.Status.RUNNING, Run.Status.QUEUED]):
        if messages := _missing(run):
            with transaction.atomic():
                queue_run(run, messages)
            count += 1
    return count


def _missing(run):
    """How many messages the run lacks. Those that wait in its queue may be its own, until they are old."""
    now = timezone.now()
    age = now - (run.dispatched_at or run.created_at)
    if run.status == Run.Status.QUEUED:
        is_due = age > timedelta(seconds=PATIENCE_S) or (
            age > timedelta(seconds=FRESH_S) and not n_waiting(queue_of(run))
        )
        return int(is_due)
    if run.kind == Run.Kind.INFER:
        left = n_open(run.pk)
        if not left and run.chunks.filter(is_done=False).exists():
            return 0  # all that is left is being worked on
        # With none left it only lacks its end, which the message writes.
        lacks = min(max(left, 1), MESSAGES)
    else:
        with lease(run.pk) as is_free:
            lacks = int(is_free)
    if lacks and age < timedelta(seconds=PATIENCE_S) and n_waiting(queue_of(run)):
        return 0
    return lacks
