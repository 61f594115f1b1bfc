"""The state of the whole site for Prometheus, read when it is asked for: queues, runs, imports, disk.

Every web process gives the same, so take `max` over them, not the sum.
"""

import logging
import shutil
import time

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from annotations.models import Acquisition, Upload
from etemweb import task_counts, workers
from etemweb.broker import connect_queue, queue_lengths
from mlcore.models import Promotion, Run

logger = logging.getLogger(__name__)

ROWS = ("annotations_acquisition", "annotations_frame", "annotations_layer", "annotations_particle",
        "annotations_event", "mlcore_prediction", "mlcore_run")  # fmt: skip
ESTIMATES = "SELECT relname, greatest(reltuples, 0) FROM pg_class WHERE relname = ANY(%s)"
LONG_SILENT_S = 60


def gauge(name, words, labels=(), values=()):
    """`values`: pairs of the labels' values and a number."""
    family = GaugeMetricFamily(f"etem_{name}", words, labels=labels)
    for labeled, value in values:
        family.add_metric([str(one) for one in labeled], float(value))
    return family


class SiteCollector:
    """One `collect` a scrape. A part that cannot be read is left out and counted, the rest is told."""

    def describe(self):
        return []  # else the registry would ask for everything once more

    def collect(self):
        begun, broken = time.perf_counter(), []
        for part in (_database, _runs, _imports, _queues, _workers, _tasks, _storage, _models):
            try:
                yield from part()
            except Exception:
                logger.exception("A part of the metrics cannot be read.")
                broken.append([(part.__name__.strip("_"),), 1])
        yield gauge("scrape_broken", "Parts of this answer that could not be read.", ["part"], broken)
        yield gauge("scrape_seconds", "How long this answer took.", (), [((), time.perf_counter() - begun)])


def _database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND backend_type = 'client backend' GROUP BY state")  # fmt: skip
        yield gauge("database_connections", "By state, of all processes.", ["state"],
                    [((state or "none",), n) for state, n in cursor.fetchall()])  # fmt: skip
        cursor.execute("SELECT pg_database_size(current_database())")
        yield gauge("database_bytes", "Size of the database.", (), [((), cursor.fetchone()[0])])
        # As the last ANALYZE counted them: exact counts of millions of rows would cost seconds a scrape.
        cursor.execute(ESTIMATES, [list(ROWS)])
        yield gauge("rows", "Estimated rows of a table.", ["table"],
                    [((table,), n) for table, n in cursor.fetchall()])  # fmt: skip
    pool = getattr(connection, "pool", None)
    if pool is not None:
        stats = pool.get_stats()
        names = ("pool_size", "pool_available", "requests_waiting", "pool_max")
        yield gauge("database_pool", "Connection pool of the web process that answered.", ["what"],
                    [((name,), stats.get(name, 0)) for name in names])  # fmt: skip


def _runs():
    by_state = Run.objects.order_by().values_list("kind", "status").annotate(n=Count("pk"))
    yield gauge("runs", "Runs by kind and status.", ["kind", "status"], [((k, s), n) for k, s, n in by_state])
    now = timezone.now()
    waiting = Run.objects.filter(status=Run.Status.QUEUED).aggregate(at=Min("created_at"))["at"]
    yield gauge("run_oldest_waiting_seconds", "How long the oldest waiting run has waited.", (),
                [((), (now - waiting).total_seconds() if waiting else 0)])  # fmt: skip
    running = Run.objects.filter(status=Run.Status.RUNNING, heartbeat_at__isnull=False)
    silent = [(now - at).total_seconds() for at in running.values_list("heartbeat_at", flat=True)]
    yield gauge("run_heartbeat_age_seconds_max", "The longest silence of a running run.", (),
                [((), max(silent, default=0))])  # fmt: skip
    yield gauge("runs_silent", f"Running runs not heard of for {LONG_SILENT_S} s.", (),
                [((), sum(s > LONG_SILENT_S for s in silent))])  # fmt: skip
    done = Run.objects.aggregate(n=Sum("frames_done"))["n"] or 0
    yield gauge("run_frames_done", "Frames searched by all runs that are kept.", (), [((), done)])


def _imports():
    all_files = Acquisition.objects.order_by()
    by_status = all_files.values_list("status").annotate(n=Count("pk"))
    yield gauge("imports", "Files by status.", ["status"], [((status,), n) for status, n in by_status])
    waiting = Acquisition.objects.filter(status=Acquisition.Status.QUEUED).aggregate(at=Min("touched_at"))[
        "at"
    ]
    yield gauge("import_oldest_waiting_seconds", "How long the oldest waiting file has waited.", (),
                [((), (timezone.now() - waiting).total_seconds() if waiting else 0)])  # fmt: skip
    yield gauge(
        "uploads_unfinished", "Uploads on their way in.", (), [((), Upload.objects.unfinished().count())]
    )


def _queues():
    try:
        with connect_queue() as server:
            lengths = queue_lengths(server)
            yield gauge("queue_length", "Messages that wait, by queue.", ["queue"],
                        [((name,), n) for name, n in lengths.items()])  # fmt: skip
            yield gauge("queue_unacknowledged", "Messages that a worker has and has not finished.", (),
                        [((), server.hlen("unacked"))])  # fmt: skip
            used = server.info("memory")
            yield gauge("broker_memory_bytes", "Memory of the broker.", (), [((), used["used_memory"])])
        is_up = 1
    except redis.RedisError:
        is_up = 0
    yield gauge("broker_up", "Whether the broker answers.", (), [((), is_up)])


def _workers():
    seen = workers.seen()
    yield gauge("workers", "Workers heard of within the last minute.", (), [((), len(seen))])
    yield gauge("worker_processes", "Tasks that a worker does at a time.", ["worker"],
                [((one["name"],), one["processes"]) for one in seen])  # fmt: skip
    yield gauge("worker_heard_seconds", "How long ago a worker was heard of.", ["worker"],
                [((one["name"],), one["age_s"]) for one in seen])  # fmt: skip
    at = workers.beat_age_s()
    yield gauge("beat_heard_seconds", "How long ago the clock (beat) sent a task; -1: never.", (),
                [((), -1 if at is None else at)])  # fmt: skip


def _tasks():
    seconds = HistogramMetricFamily(
        "etem_task_seconds", "Tasks done on all machines, and how long they took.", labels=["task"]
    )
    failures = CounterMetricFamily("etem_task_failures", "Tasks that ended with an error.", labels=["task"])
    for name, (buckets, total_s, failed) in task_counts.counted().items():
        seconds.add_metric([name], buckets, total_s)
        failures.add_metric([name], failed)
    return [seconds, failures]


def _storage():
    disk = shutil.disk_usage(settings.DATA_DIR)
    yield gauge("data_disk_bytes", "Disk of the data directory.", ["what"],
                [(("free",), disk.free), (("total",), disk.total)])  # fmt: skip
    stored = Acquisition.objects.exclude(original="").aggregate(n=Sum("size_bytes"))["n"] or 0
    yield gauge("originals_bytes", "Bytes of the originals.", (), [((), stored)])


def _models():
    chosen = Promotion.objects.order_by("project_id", "-number").distinct("project_id")
    yield gauge("model_in_use", "1 for the model that a project uses; number 0: the shipped one.",
                ["project", "number"],
                [((one.project_id, one.model_version.number if one.model_version else 0), 1)
                 for one in chosen.select_related("model_version")])  # fmt: skip
