"""What people do with a whole acquisition besides calibrating it."""

import shutil

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.models import Acquisition, Layer
from annotations.services import kept
from annotations.services.import_acquisition import queue
from annotations.services.notify import push
from annotations.services.storage import frame_name, lock_original, original_place, work_folder


@transaction.atomic
def delete_acquisition(*, acquisition):
    """Delete an acquisition with all that was drawn on it; its files go once that is committed."""
    acquisition = Acquisition.objects.select_for_update().get(pk=acquisition.pk)
    frame_pks = list(acquisition.frames.values_list("pk", flat=True))
    pk, project_id, sha256 = acquisition.pk, acquisition.project_id, acquisition.sha256
    # Particles first: they protect the calibration that gave them their nm.
    Layer.objects.filter(frame__acquisition=acquisition).delete()
    acquisition.delete()
    transaction.on_commit(lambda: _remove_files(pk, frame_pks, project_id, sha256))
    push(project_id=project_id, kind="acquisition", payload={"id": pk, "status": "deleted"})


@transaction.atomic
def retry_import(*, acquisition):
    """Read a failed acquisition again from its original.

    Raises
    ------
    ValidationError
        If it has not failed.
    """
    acquisition = Acquisition.objects.select_for_update().get(pk=acquisition.pk)
    if acquisition.status != Acquisition.Status.FAILED or not acquisition.original:
        raise ValidationError("Only a failed import can be tried again; upload the file anew instead.")
    acquisition.status, acquisition.message = Acquisition.Status.QUEUED, ""
    acquisition.attempts = acquisition.progress = 0
    acquisition.save()
    queue(acquisition=acquisition)
    return acquisition


def _remove_files(pk, frame_pks, project_id, sha256):
    for frame_pk in frame_pks:
        kept.drop_folder(frame_name(frame_pk))
    shutil.rmtree(work_folder(pk), ignore_errors=True)
    with transaction.atomic():
        lock_original(project_id, sha256)
        if not Acquisition.objects.filter(project_id=project_id, sha256=sha256).exists():
            kept.drop(original_place(project_id, sha256))
