"""Which queue a run's messages go to. Workers are told theirs by `./etem worker --queues`."""

from django.conf import settings

from mlcore.models import Run

NOW, CPU, GPU, IO = "now", "cpu", "gpu", "io"
QUEUES = [NOW, GPU, CPU, IO]


def queue_of(run):
    """`now` where somebody waits in front of the screen: every worker empties it first."""
    if run.is_urgent:
        return NOW
    return GPU if settings.GPU_WORKERS else CPU


def alike_in_queue(run):
    """All unfinished runs whose messages share the queue of this one."""
    return Run.objects.filter(is_urgent=run.is_urgent)
