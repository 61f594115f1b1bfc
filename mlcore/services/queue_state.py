"""What waits, what is worked on and by whom, for the queue page and the API."""

import logging
from collections import Counter

import redis
from django.db.models import Q

from etemweb.workers import seen
from mlcore.models import Dataset, Run
from mlcore.services.chunks import n_held
from mlcore.services.fair import place_in_line
from mlcore.services.queues import QUEUES, n_waiting, queue_of

logger = logging.getLogger(__name__)

LATELY_S = 25  # each notes itself every 10 s
SHOWN = 100  # runs, at most


def queue_state(*, user):
    """Workers, queues, and the runs that `user` may see; of the others only how many there are."""
    seen = Run.objects.all() if user.is_staff else Run.objects.visible_to(user)
    under_way = Run.objects.filter(Q(status=Run.Status.RUNNING) | Q(status=Run.Status.QUEUED))
    running = under_way.filter(status=Run.Status.RUNNING)
    waiting = under_way.filter(status=Run.Status.QUEUED)
    mine = seen.select_related("project", "frame__acquisition", "created_by", "dataset")
    state = {
        "workers": workers(),
        "queues": _queues(waiting, running),
        "running": [
            _running(run) for run in mine.filter(pk__in=running.values("pk")).order_by("started_at")[:SHOWN]
        ],
        "waiting": [
            _waiting(run) for run in mine.filter(pk__in=waiting.values("pk")).order_by("created_at")[:SHOWN]
        ],
        "freezing": list(_freezing(user).select_related("project").order_by("created_at")[:SHOWN]),
        "others_running": running.exclude(pk__in=seen.values("pk")).count(),
        "others_waiting": waiting.exclude(pk__in=seen.values("pk")).count(),
    }
    state["waiting"].sort(key=lambda one: one["before"])
    return state


def workers():
    """Those heard of lately, by name; none where the server does not answer that keeps their notes."""
    try:
        return [one for one in seen() if one["age_s"] < LATELY_S]
    except (redis.RedisError, OSError):
        logger.warning("It is not known which workers there are.", exc_info=True)
        return []


def _queues(waiting, running):
    runs = Counter(queue_of(run) for run in waiting.only("is_urgent"))
    served = Counter(queue for worker in workers() for queue in worker["queues"])
    rows = []
    for name in QUEUES:
        try:
            messages = n_waiting(name)
        except Exception:
            logger.warning("The queue %s could not be asked.", name, exc_info=True)
            messages = None
        rows.append({"name": name, "messages": messages, "runs": runs[name], "workers": served[name]})
    return rows


def _freezing(user):
    frozen = Dataset.objects.all() if user.is_staff else Dataset.objects.visible_to(user)
    return frozen.filter(status=Dataset.Status.FREEZING)


def _running(run):
    n_workers = n_held(run.pk) if run.kind == Run.Kind.INFER else 1
    return {"run": run, "queue": queue_of(run), "workers": n_workers, "host": run.worker.partition(":")[0]}


def _waiting(run):
    return {"run": run, "queue": queue_of(run), "before": place_in_line(run) or 0}
