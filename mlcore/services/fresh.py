"""Work in a process of its own: memory and GPU are free again at its end; a kill is no error."""

import ctypes
import os
import signal
import subprocess
import sys

from django.conf import settings
from django.db import transaction

from mlcore.models import Run
from mlcore.services.lease import lease
from mlcore.services.runs import queue_run

PR_SET_PDEATHSIG = 1
TAKEN, NOT_TAKEN = 0, 3  # how `manage.py work_on` ends


def run_in_fresh_process(run_pk):
    """Work on a run; whether it was there to be taken. A process that was killed leaves it queued again."""
    command = [sys.executable, "-m", "django", "work_on", str(run_pk)]
    code = subprocess.Popen(command, cwd=settings.BASE_DIR, preexec_fn=die_with_parent()).wait()
    if code < 0:
        _queue_again(run_pk)
    return code != NOT_TAKEN


def _queue_again(run_pk):
    run = Run.objects.filter(pk=run_pk, status=Run.Status.RUNNING).first()
    with lease(run_pk) as is_free:
        if run is None or not is_free:
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
