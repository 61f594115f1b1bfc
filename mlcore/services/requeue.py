"""Runs that a lost worker or a lost message left behind are queued again, within seconds."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from mlcore.models import Run
from mlcore.services.lease import lease
from mlcore.services.runs import queue_run

LOST_MESSAGE_S = 600  # a run that waits longer than this is queued again


def requeue_lost_runs():
    """Queue again runs whose worker died, and those whose message was lost; returns how many."""
    count = 0
    for run in Run.objects.filter(status=Run.Status.RUNNING):
        with lease(run.pk) as is_free:
            pass
        if is_free:
            with transaction.atomic():
                queue_run(run)
            count += 1
    long_ago = timezone.now() - timedelta(seconds=LOST_MESSAGE_S)
    for run in Run.objects.filter(status=Run.Status.QUEUED, created_at__lt=long_ago):
        with transaction.atomic():
            queue_run(run)
        count += 1
    return count
