"""One GPU for each process of a worker: which there are, and which is whose. Nothing here loads CUDA."""

import os
import subprocess

from celery.signals import worker_process_init

shared = []  # of this worker's processes: each keeps the one of its place in the pool


def visible():
    """The GPUs that programs of this machine may use, as CUDA_VISIBLE_DEVICES names them."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    if told is not None:
        return [one.strip() for one in told.split(",") if one.strip() and one.strip() != "-1"]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(number) for number, line in enumerate(listed.stdout.splitlines()) if line.startswith("GPU")]


def share(names):
    shared[:] = names


@worker_process_init.connect
def take_one(**signal):
    """Before anything in the process has loaded CUDA: what it does not see it cannot use."""
    if len(shared) > 1:
        from billiard import current_process

        os.environ["CUDA_VISIBLE_DEVICES"] = shared[getattr(current_process(), "index", 0) % len(shared)]
