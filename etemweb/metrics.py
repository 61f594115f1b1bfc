"""Requests and how long they took, counted for Prometheus.

Off, and then at no cost, unless METRICS_DIR is set. Every web process of a machine writes into files there,
and whichever is asked adds all of them up (prometheus_client's multiprocess mode).
"""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from django.conf import settings

MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@cache
def _requests():
    """Made when first needed: the library looks at its environment as it is imported."""
    folder = Path(settings.METRICS_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault(MULTIPROC, str(folder))
    from prometheus_client import CollectorRegistry, Histogram

    return Histogram(
        "etem_request_seconds",
        "Requests that this machine's web processes answered, and how long they took.",
        ["method", "route", "status"],
        buckets=BUCKETS_S,
        registry=CollectorRegistry(),
    )


def note_request(method, route, status, seconds):
    if settings.METRICS_DIR:
        _requests().labels(method, route, status).observe(seconds)


def requests_text():
    """What all web processes of this machine have counted, in Prometheus's text format."""
    _requests()
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry).decode()


def forget_the_dead():
    """Remove what processes that are gone have counted: a start begins at zero, as Prometheus expects."""
    for path in Path(settings.METRICS_DIR).glob("*.db") if settings.METRICS_DIR else ():
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not Path("/proc", pid).exists():
            with suppress(OSError):
                path.unlink()
