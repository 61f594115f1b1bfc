"""From a fresh clone to the first page, downloading and unpacking told apart; and from a stop to a page."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.benchmark.report import Row

ROOT = Path(__file__).parents[2]
LIMIT_S = 600
RESTARTS = 3
OURS = {"DATABASE_URL", "REDIS_URL", "ETEM_DATA_DIR", "DJANGO_SETTINGS_MODULE"}


def _copy_of_the_clone(folder: Path):
    """The files a clone would hold, with what is not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in listed:
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _has_page(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=LIMIT_S) as page:
            return page.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _first_page(clone: Path):
    """Start, await a page, stop. Gives (seconds to the page, seconds of them in which packages came)."""
    port, begun, seen = _free_port(), time.monotonic(), {}
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    with (clone.parent / "output").open("w") as output:
        site = subprocess.Popen(
            ["./etem", "up", "--port", str(port)],
            cwd=clone, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    # The list is written just before the packages come, the stamp just after.
    marks = [clone / ".venv/web.txt", clone / ".venv/installed-web"]
    try:
        while not _has_page(port):
            for mark in marks:
                if mark.exists():
                    seen.setdefault(mark, time.monotonic())
            if site.poll() is not None or time.monotonic() - begun > LIMIT_S:
                raise RuntimeError(f"No page: {(clone.parent / 'output').read_text()[-500:]}")
            time.sleep(0.02)
        now = time.monotonic()
        installing, installed = (seen.get(mark, now) for mark in marks)
        return now - begun, installed - installing
    finally:
        if site.poll() is None:
            site.send_signal(signal.SIGINT)
            site.wait(60)


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "etemweb"
        clone.mkdir()
        _copy_of_the_clone(clone)
        first, packages = _first_page(clone)
        again = sorted(_first_page(clone)[0] for _ in range(RESTARTS))
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return [
        Row("fresh clone to first page", first, "s", at_most=240, note=load),
        Row("  of which downloading and unpacking", packages, "s"),
        Row("  of which ours, .venv made", first - packages, "s", at_most=20),
        Row("restart to first page", again[len(again) // 2], "s", at_most=6, note=f"median of {RESTARTS}"),
    ]
