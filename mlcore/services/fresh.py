"""Work in a process of its own: memory and GPU are free again at its end; a kill is no error.

Whoever cancels waits for no step: a process that has not stopped by itself soon after is killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from mlcore.models import Run
from mlcore.services.lease import lease
from mlcore.services.runs import cancelled_sentence, end_if_running, queue_run

PR_SET_PDEATHSIG = 1
TAKEN, NOT_TAKEN = 0, 3  # how `manage.py work_on` ends
CANCEL_S = 3.0  # in which work may end by itself, with all it has done
LOOK_EVERY_S = 0.5


def run_in_fresh_process(run_pk):
    """Work on a run; whether it was there to be taken. A process that was killed leaves it queued again."""
    command = [sys.executable, "-m", "django", "work_on", str(run_pk)]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, preexec_fn=die_with_parent())
    code = _ended(process, run_pk)
    if code < 0:
        _after_a_kill(run_pk)
    return code != NOT_TAKEN


def _ended(process, run_pk):
    """How a process ended, at the latest CANCEL_S after its run was cancelled."""
    asked_at = None
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=LOOK_EVERY_S)
        if not _is_cancelled(run_pk):
            asked_at = None
            continue
        asked_at = asked_at or time.monotonic()
        if time.monotonic() - asked_at > CANCEL_S:
            process.kill()


def _is_cancelled(run_pk):
    try:
        return Run.objects.filter(pk=run_pk, status=Run.Status.RUNNING, cancel_requested=True).exists()
    except DatabaseError:  # away for a moment; asked again with another connection
        connection.close()
        return False


def _after_a_kill(run_pk):
    """Queued again, by whoever it was killed; but cancelled where that was asked for."""
    run = Run.objects.filter(pk=run_pk, status=Run.Status.RUNNING).first()
    with lease(run_pk) as is_free:
        if run is None or not is_free:
            return
    if run.cancel_requested:
        end_if_running(run, Run.Status.CANCELLED, cancelled_sentence(run))
        return
    with transaction.atomic():
        queue_run(run)


def die_with_parent():
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def set_signal():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone before it could be set
            os._exit(1)

    return set_signal
