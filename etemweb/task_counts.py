"""Tasks and their times, counted in the cache's server: all workers of all machines add up there.

Not in files as requests are: a worker whose children do one task each would leave thousands of them.
"""

import time
from contextlib import suppress

import redis
from celery import signals
from django.conf import settings

from etemweb.broker import connect

COUNTS = "etem:tasks"  # a hash: “name|what” -> number
BUCKETS_S = (0.01, 0.1, 1, 10, 60, 300, 1800, 7200)
_begun = {}


@signals.task_prerun.connect
def time_begins(task_id=None, **signal):
    if settings.METRICS_DIR:
        _begun[task_id] = time.perf_counter()


@signals.task_postrun.connect
def time_ends(task_id=None, task=None, state=None, **signal):
    begun = _begun.pop(task_id, None)
    if begun is None:
        return
    seconds = time.perf_counter() - begun
    # A server that is away must not make a task fail that is done.
    with (
        suppress(redis.RedisError, OSError),
        connect(settings.CACHE_URL) as server,
        server.pipeline() as note,
    ):
        note.hincrby(COUNTS, f"{task.name}|count")
        note.hincrbyfloat(COUNTS, f"{task.name}|sum", seconds)
        fitting = next((f"{limit:g}" for limit in BUCKETS_S if seconds <= limit), "+Inf")
        note.hincrby(COUNTS, f"{task.name}|{fitting}")
        if state == "FAILURE":
            note.hincrby(COUNTS, f"{task.name}|failed")
        note.execute()


def counted():
    """By task: buckets as Prometheus has them (cumulative), the sum of seconds, and failures."""
    with connect(settings.CACHE_URL) as server:
        noted = {key.decode(): float(value) for key, value in server.hgetall(COUNTS).items()}
    found = {}
    for name in sorted({key.partition("|")[0] for key in noted}):
        total, buckets = 0.0, []
        for limit in [*(f"{limit:g}" for limit in BUCKETS_S), "+Inf"]:
            total += noted.get(f"{name}|{limit}", 0)
            buckets.append((limit, total))
        found[name] = (buckets, noted.get(f"{name}|sum", 0.0), noted.get(f"{name}|failed", 0.0))
    return found
