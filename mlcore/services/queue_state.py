"""What waits, what is worked on and by whom, for the queue page and the API."""

import logging
from collections import Counter

from celery import current_app
from django.core.cache import cache
from django.db.models import Q

from mlcore.models import Run
from mlcore.services.chunks import n_held
from mlcore.services.fair import place_in_line
from mlcore.services.queues import QUEUES, n_waiting, queue_of

logger = logging.getLogger(__name__)

ANSWER_S = 0.7  # how long workers are given to answer
KEPT_S = 3  # then they are asked again
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
        "others_running": running.exclude(pk__in=seen.values("pk")).count(),
        "others_waiting": waiting.exclude(pk__in=seen.values("pk")).count(),
    }
    state["waiting"].sort(key=lambda one: one["before"])
    return state


def workers():
    """Those that answer, by name; None if the broker does not."""
    known = cache.get("queue-workers")
    if known is None:
        known = _ask_workers()
        cache.set("queue-workers", known, KEPT_S)
    return known


def _ask_workers():
    try:
        answers = current_app.control.broadcast("etem_state", reply=True, timeout=ANSWER_S)
    except Exception:
        logger.warning("The workers could not be asked.", exc_info=True)
        return []
    found = [
        {"name": name, **said, "busy": len(said["tasks"])}
        for answer in answers
        for name, said in answer.items()
        if "queues" in said
    ]
    return sorted(found, key=lambda one: one["name"])


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


def _running(run):
    n_workers = n_held(run.pk) if run.kind == Run.Kind.INFER else 1
    return {"run": run, "queue": queue_of(run), "workers": n_workers, "host": run.worker.partition(":")[0]}


def _waiting(run):
    return {"run": run, "queue": queue_of(run), "before": place_in_line(run) or 0}
