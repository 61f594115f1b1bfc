"""Searches of 1,000 images while workers and broker are killed 20 times; what a chunk costs; how soon.

All is real and its own: PostgreSQL, Valkey with its append-only file, Celery workers, a web server. What is
measured is in `tests/benchmark/run_kills.py`, which runs on them in a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from etemweb.embedded import servers
from tests.benchmark.report import Row
from tests.servers import PREFIX, remove

ROOT = Path(__file__).parents[2]
LIMIT_S = 1500
OURS = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}


def run() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)
    (folder / "owner").write_text(str(os.getpid()))
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment |= {"ETEM_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "etemweb.settings"}
    try:
        servers.start(folder)
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmark.run_kills", *sys.argv[2:]],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True,
        )  # fmt: skip
    finally:
        remove(folder)
    found = json.loads(done.stdout.splitlines()[-1])
    print("frames={frames} lost={lost} duplicated={duplicated}".format(**found))
    note = "kills: " + ", ".join(f"{name} {n}" for name, n in found["kills"].items())
    return [
        Row("images without a result after the kills", found["lost"], "of 1,000", at_most=0, note=note),
        Row("images with two results", found["duplicated"], "of 1,000", at_most=0),
        Row("a killed worker's chunk is done, median", found["recovery_s"][0], "s"),
        Row("a killed worker's chunk is done, worst", found["recovery_s"][1], "s"),
        Row("next chunk after a kill of the broker, worst", found["broker_s"], "s"),
        Row("overhead of a chunk over the bare loop", found["overhead_ms"], "ms", at_most=30,
            note=f"bare {found['bare_ms']:.1f} ms an image; chunks of one image"),
        Row("click to first image searched, idle worker", found["second_click_s"], "s", at_most=3),
        Row("the same, the worker's first", found["click_s"], "s", at_most=3),
        Row("progress to another browser, worst", found["feed_s"], "s", at_most=1,
            note=f"{found['told']} messages by WebSocket"),
    ]  # fmt: skip
