"""Where a run keeps what must outlive its worker, and what it has made for others."""

import shutil

from django.conf import settings


def run_folder(run):
    """The run's own folder, made if missing."""
    folder = _path(run.pk)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def delete_run_folder(run_pk):
    shutil.rmtree(_path(run_pk), ignore_errors=True)


def synthetic_folder(run_pk):
    """The name of the folder that holds the frames a run has made, in the storage."""
    return f"synthetic/{run_pk}"


def _path(run_pk):
    return settings.DATA_DIR / "runs" / str(run_pk)
