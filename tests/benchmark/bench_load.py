"""Costs of one of each at 2,000 and 20,000 frames, and pages while two workers are busy (docs/scaling.md)."""

import os
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmark.report import Row

NEEDS_DATABASE = True
# One connection at a time, so that the kernel can say what its process in the server has run.
os.environ.setdefault("ETEM_DB_POOL", "0")
FLAT, RSS_MB, P95_MS = 1.2, 200, 100


def unit_rows():
    from tests.benchmark import load_units

    for words, small, large in load_units.measure():
        before, after = sum(small), sum(large)
        note = f"at 10x the rows; at 1x {small[0]:.2f} + {small[1]:.2f}"
        yield Row(f"{words}: CPU", large[0], "ms", note=note)
        yield Row(f"{words}: CPU of the database", large[1], "ms")
        yield Row(f"{words}: 20,000 over 2,000 frames", after / before, "times", at_most=FLAT)


def web_rows():
    from tests.benchmark import load_web

    with tempfile.TemporaryDirectory() as folder:
        idle, busy, (pss, peak), cores, loads = load_web.measure(Path(folder))
    slow, slow_idle = (float(np.percentile(some, 95)) for some in (busy, idle))
    used = f"workers used {np.mean(cores):.2f} of {os.cpu_count()} cores; others' load {np.mean(loads):.1f}"
    return [
        Row("web process, memory (highest)", peak, "MB", at_most=RSS_MB, note=f"{pss:.0f} MB its own share"),
        Row("pages, 2 workers busy: 95 %", slow, "ms", at_most=P95_MS, note=used),
        Row("pages, 2 workers busy: median", float(np.median(busy)), "ms"),
        Row("pages, workers idle: 95 %", slow_idle, "ms", note=f"{len(idle)} + {len(busy)} requests"),
        Row("pages: 95 % busy over idle", slow / slow_idle, "times"),
    ]


def run():
    return [*unit_rows(), *web_rows()]
