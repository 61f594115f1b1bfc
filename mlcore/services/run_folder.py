"""Where a run keeps what must outlive its worker: checkpoints and scratch, nothing that is served."""

import shutil

from django.conf import settings


def run_folder(run):
    """The run's own folder, made if missing."""
    folder = _path(run.pk)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def delete_run_folder(run_pk):
    shutil.rmtree(_path(run_pk), ignore_errors=True)


def _path(run_pk):
    return settings.DATA_DIR / "runs" / str(run_pk)
