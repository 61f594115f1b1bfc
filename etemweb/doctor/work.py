"""Workers, the clock that sends what is done again and again, and what waits."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from etemweb import workers
from etemweb.broker import connect_queue, queue_lengths
from etemweb.celery import app
from etemweb.doctor.finding import failed, ok, warning
from mlcore.models import Run

ANSWER_S = 2
BEAT_WARNING_S = 60
SILENT_S = 180
START = "./etem worker (or see why it ended: its log)"


def workers_alive():
    part = "workers"
    noted = workers.seen()
    answered = app.control.ping(timeout=ANSWER_S)
    names = {name for answer in answered for name in answer}
    if not names and not noted:
        yield failed(part, "None is there: files are not read and runs do not begin.", f"start one: {START}")
        return
    for one in noted:
        if one["name"] not in names:
            text = f"{one['name']} lives and does not answer within {ANSWER_S} s."
            yield warning(part, text, "wait, and look again; then start it anew")
    total = sum(one["processes"] for one in noted)
    yield ok(part, f"{len(noted) or len(names)} there, {total} tasks at a time: {', '.join(sorted(names))}.")
    heard = {queue for one in noted for queue in one["queues"]}
    wanted = {"io", "cpu", "now"} | ({"gpu"} if getattr(settings, "GPU_WORKERS", False) else set())
    if missing := sorted(wanted - heard):
        text = f"Nobody works on the queue {' or '.join(missing)}."
        yield failed(part, text, f"start one that does: ./etem worker -Q {','.join(missing)}")
    versions = {one["version"]: one["name"] for one in noted}
    versions.setdefault(workers.code_version(), "here")
    if len(versions) > 1:
        text = "; ".join(f"{name} has {version}" for version, name in sorted(versions.items()))
        yield warning(part, f"They run different code: {text}.", "start those with old code anew")


def beat_alive():
    part, age_s = "beat", workers.beat_age_s()
    remedy = "start one worker, and one only, with --beat"
    if age_s is None:
        yield failed(part, "The clock was never heard of: lost work is not taken up again.", remedy)
    elif age_s > BEAT_WARNING_S:
        yield failed(part, f"The clock was last heard of {age_s:.0f} s ago.", remedy)
    else:
        yield ok(part, f"The clock was heard of {age_s:.0f} s ago.")


def queues():
    with connect_queue() as server:
        waiting = {name: n for name, n in queue_lengths(server).items() if n}
        held = server.hlen("unacked")
    text = ", ".join(f"{n} in {name}" for name, n in waiting.items()) or "nothing waits"
    yield ok("queues", f"{text[0].upper()}{text[1:]}; {held} with workers.")
    long_ago = timezone.now() - timedelta(seconds=SILENT_S)
    silent = list(
        Run.objects.filter(status=Run.Status.RUNNING, heartbeat_at__lt=long_ago).values_list("pk", flat=True)[
            :5
        ]
    )
    if silent:
        names = ", ".join(map(str, silent))
        remedy = "see that a worker and the clock run; it is then taken up by itself"
        yield warning("queues", f"Not heard of for {SILENT_S} s: run {names}.", remedy)
