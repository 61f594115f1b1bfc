"""A child process that is started again when it dies, with growing pauses."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PAUSES_S = (1, 2, 4, 8, 15, 30)
HEALTHY_AFTER_S = 60
LOG_LIMIT_BYTES = 20_000_000
# Each request runs in a thread, and glibc would give every thread a heap of its own that it never gives back.
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
BASE_DIR = Path(__file__).resolve().parents[2]


class Child:
    def __init__(self, name: str, arguments: list[str], log: Path, *, pass_fds=()):
        self.name, self.arguments, self.log, self.pass_fds = name, arguments, log, pass_fds
        self.process, self.started_at, self.restart_at, self.failures = None, 0.0, None, 0

    def start(self):
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "etemweb.embedded.child", *self.arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=BASE_DIR,
                env={**os.environ, **(FEW_ARENAS if self.arguments[0] == "web" else {})},
                pass_fds=self.pass_fds,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops things in order
            )
        self.started_at, self.restart_at = time.monotonic(), None

    def go(self):
        with suppress(OSError):  # it has died meanwhile, which `check` finds
            self.process.stdin.write(b"go\n")
            self.process.stdin.flush()

    def check(self) -> str:
        """Look after the child; a sentence if there is something to say."""
        now = time.monotonic()
        if self.process is None:
            return ""
        if self.restart_at is not None:
            if now < self.restart_at:
                return ""
            self.start()
            self.go()
            return f"{self.name}: started again."
        if self.process.poll() is None:
            return ""
        self._kill_group()  # what it may have left behind
        self.failures = 1 if now - self.started_at > HEALTHY_AFTER_S else self.failures + 1
        pause = PAUSES_S[min(self.failures, len(PAUSES_S)) - 1]
        self.restart_at = now + pause
        return f"{self.name}: {self.ending()}; starting it again in {pause} s. {self.last_line()}"

    def ending(self) -> str:
        code = self.process.returncode
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"

    def last_line(self) -> str:
        with self.log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 4000))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return f"Its last words ({self.log}): {lines[-1][:300]}" if lines else f"Its log: {self.log}"

    def ask_to_stop(self, sign=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sign)

    def stopped_within(self, seconds: float) -> bool:
        if self.process is None:
            return True
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self):
        if self.process:
            self._kill_group()
            self.process.wait()

    def _kill_group(self):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def stop_all(children: list[Child]):
    """Ask all at once, then insist: a task that is cut short is delivered again at the next start."""
    for sign, patience_s in ((signal.SIGTERM, 3), (signal.SIGQUIT, 3)):
        for child in children:
            child.ask_to_stop(sign)
        limit = time.monotonic() + patience_s
        if all(child.stopped_within(max(0.0, limit - time.monotonic())) for child in children):
            break
    for child in children:
        child.kill()
