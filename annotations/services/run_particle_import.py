"""COCO files larger than one request has the time for: kept in a row, imported by a worker.

What takes long is done first, without a lock. Then the particles, the ledger's events and the row's end are
one transaction: killed at any moment and started again, a file is imported once. How far it is, is told
through the cache, as others see no open transaction.
"""

import logging
import zlib
from datetime import timedelta

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotations.exchange.coco import BYTES_MAX
from annotations.models import ParticleImport, Project
from annotations.services.import_particles import prepare_import, write_import
from annotations.services.import_report import report_json
from annotations.services.lease import lease
from annotations.services.notify import push
from annotations.tasks import import_particles_task

logger = logging.getLogger(__name__)

REQUEST_ANNOTATIONS_MAX = 5_000  # within one request: some three seconds of measuring and writing
LOCK_SPACE = 0x434F  # first half of the advisory lock's key; the second is the row's
MAX_ATTEMPTS = 3
LOST_MESSAGE_S = 600  # a row that waits longer than this is queued again
ACTIVE_MAX = 3
MEASURING = 0.8  # the share of the time that is over when writing begins
Status = ParticleImport.Status


def is_for_a_worker(raw: bytes) -> bool:
    """Whether a file may hold more annotations than one request has the time for; without parsing it."""
    return raw.count(b'"image_id"') > REQUEST_ANNOTATIONS_MAX


@transaction.atomic
def start_particle_import(*, project, by, raw, name, is_trial=False) -> ParticleImport:
    """Keep a file for a worker.

    Raises
    ------
    ValidationError
        If the file is too large, or several of the project wait already.
    """
    if len(raw) > BYTES_MAX:
        raise ValidationError(
            f"The file has {len(raw) / 2**20:.0f} MB; at most {BYTES_MAX // 2**20} MB are read at once."
        )
    if ParticleImport.objects.active().filter(project=project).count() >= ACTIVE_MAX:
        raise ValidationError(f"{ACTIVE_MAX} imports of this project wait already; wait for one to end.")
    row = ParticleImport.objects.create(
        project=project, created_by=by, name=name[:255], is_trial=is_trial, content=zlib.compress(raw, 1)
    )
    import_particles_task.delay_on_commit(row.pk)
    return row


def progress(row) -> float:
    """Share that is done, 0 to 1."""
    return 1.0 if row.is_finished else cache.get(_progress_key(row.pk), 0.0)


def run_particle_import(*, pk):
    """Import one waiting file, or one whose worker died; nothing if a living worker has it."""
    with lease(LOCK_SPACE, pk) as is_ours:
        if not is_ours:
            return
        claimed = ParticleImport.objects.active().filter(pk=pk)
        if not claimed.update(status=Status.RUNNING, attempts=F("attempts") + 1):
            return
        row = ParticleImport.objects.select_related("project", "created_by").get(pk=pk)
        if row.attempts > MAX_ATTEMPTS:
            sentence = f"The worker was lost {MAX_ATTEMPTS} times in this import; please tell the operator."
            _end(row, Status.FAILED, sentence)
            return
        _tell(row)
        try:
            _import(row)
        except ValidationError as error:
            _end(row, Status.REFUSED, " ".join(error.messages))
        except Exception:
            logger.exception("Import %s of a COCO file failed.", pk)
            _end(
                row,
                Status.FAILED,
                f"Internal error in import {pk}; please tell the operator.",
            )
            raise


def _import(row):
    prepared = prepare_import(
        project=row.project,
        by=row.created_by,
        raw=zlib.decompress(bytes(row.content)),
        is_trial=row.is_trial,
        told=lambda share: _tell_progress(row, share * MEASURING),
    )
    _tell_progress(row, MEASURING)
    with transaction.atomic():
        # Asked again: who sent the file may have lost the role since.
        if not Project.objects.editable_by(row.created_by).filter(pk=row.project_id).exists():
            raise ValidationError("You may no longer change this project, so nothing was imported.")
        row.report = report_json(prepared.report if row.is_trial else write_import(prepared))
        _end(row, Status.DONE)


def _tell_progress(row, share):
    cache.set(_progress_key(row.pk), share, 3600)


def _end(row, status, message=""):
    row.status, row.message, row.content, row.finished_at = status, message[:500], None, timezone.now()
    row.save(update_fields=["status", "message", "content", "report", "finished_at"])
    cache.delete(_progress_key(row.pk))
    _tell(row)


def _tell(row):
    push(project_id=row.project_id, kind="particle-import", payload={"id": row.pk, "status": row.status})


def _progress_key(pk):
    return f"particle-import-{pk}"


def requeue_lost_particle_imports() -> int:
    """Queue again imports whose worker died, and those whose message was lost; returns how many."""
    lost = []
    for pk in ParticleImport.objects.filter(status=Status.RUNNING).values_list("pk", flat=True):
        with lease(LOCK_SPACE, pk) as is_free:
            # Back to waiting, so that the next round does not queue it again.
            running = ParticleImport.objects.filter(pk=pk, status=Status.RUNNING)
            if is_free and running.update(status=Status.QUEUED):
                lost.append(pk)
    long_ago = timezone.now() - timedelta(seconds=LOST_MESSAGE_S)
    waiting = ParticleImport.objects.filter(status=Status.QUEUED, created_at__lt=long_ago).exclude(
        pk__in=lost
    )
    lost += waiting.values_list("pk", flat=True)
    for pk in lost:
        with transaction.atomic():
            import_particles_task.delay_on_commit(pk)
    return len(lost)
