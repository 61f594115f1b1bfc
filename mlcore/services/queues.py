"""Which queue a run's messages go to. Workers are told theirs by `./etem worker --queues`."""

from celery import current_app
from django.conf import settings

NOW, GPU, CPU, IO = "now", "gpu", "cpu", "io"
QUEUES = [NOW, GPU, CPU, IO]  # the order in which a worker that has several empties them


def queue_of(run):
    """`now` where somebody waits in front of the screen: every worker empties it first."""
    if run.is_urgent:
        return NOW
    return GPU if settings.GPU_WORKERS else CPU


def n_waiting(queue):
    """Messages in a queue that no worker has taken yet."""
    with current_app.connection_for_read() as broker:
        return broker.default_channel.client.llen(queue)
