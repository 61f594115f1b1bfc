"""Web processes and a worker as they run on a site, on the tests' database; gone with the block."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from tests.processes import environment

START_LIMIT_S = 180
WORKER = ["celery", "--quiet", "-A", "etemweb", "worker", "-c", "1", "--without-gossip", "--without-mingle"]
# Every queue there is: which of them a task comes through is a setting of the site.
QUEUES = "now,io,cpu,gpu"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, limit_s=START_LIMIT_S):
    """What the condition gives, once that is something."""
    limit = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < limit, f"not within {limit_s} s"
        time.sleep(0.05)
    return found


def ask(url, headers=None):
    """Status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


class Running:
    def __init__(self, folder, over):
        self.folder, self.over, self.processes, self.logs = folder, over, [], []

    def start(self, name, *arguments):
        log = self.folder / f"{name}-{len(self.processes)}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, arguments)],
                env={**environment(), **self.over}, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        self.logs.append(log)
        return log

    def web(self):
        """Address of one more web process."""
        port = free_port()
        log = self.start("web", "uvicorn", "etemweb.asgi:application", "--port", port)
        process, url = self.processes[-1], f"http://127.0.0.1:{port}"

        def is_there():
            assert process.poll() is None, log.read_text()
            try:
                return ask(f"{url}/accounts/login/")[0] == 200
            except OSError:
                return False

        wait_until(is_there)
        return url

    def worker(self, *arguments):
        return self.start("worker", *WORKER, "-Q", QUEUES, *arguments)

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def running(folder, **over):
    """`over`: more of the environment."""
    site = Running(folder, over)
    try:
        yield site
    finally:
        site.stop()
