"""The Redis-protocol server asked directly: what waits in the queues, and how it is set up."""

from contextlib import contextmanager

import redis
from celery import current_app
from django.conf import settings

from mlcore.services.queues import QUEUES

PATIENCE_S = 5


@contextmanager
def connect(url):
    server = redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
    try:
        yield server
    finally:
        server.close()


def connect_queue():
    return connect(settings.QUEUE_URL)


def queue_lengths(server):
    """Messages that wait, by queue; those of every priority, which kombu keeps in lists of their own."""
    with current_app.connection_for_read() as connection:
        channel = connection.channel()
        keys = {name: [channel._q_for_pri(name, step) for step in channel.priority_steps] for name in QUEUES}
    with server.pipeline(transaction=False) as asked:
        for key in (key for of_queue in keys.values() for key in of_queue):
            asked.llen(key)
        lengths = iter(asked.execute())
    return {name: sum(next(lengths) for _ in of_queue) for name, of_queue in keys.items()}
