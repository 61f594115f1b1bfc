"""The worker's side of an import: read the file in a process of its own, then make its frames appear at once.

Safe at any moment against being killed or told twice. The worker holds a PostgreSQL advisory lock, which
the server itself gives back when the worker dies. Tiles are written to a folder of the attempt; rows of
frames are committed before that folder's parts move to their places, so that every folder that may exist has
a row that names it; the acquisition becomes ready in one last transaction, and whoever starts again first
removes what an earlier attempt left.
"""

import logging
import shutil
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotations.models import Acquisition, Frame
from annotations.services import kept
from annotations.services.acquisition_fields import set_fields
from annotations.services.calibrate import record_readings
from annotations.services.decoder import DecoderRefusedError, decode
from annotations.services.import_acquisition import queue, summary
from annotations.services.lease import lease
from annotations.services.notify import push
from annotations.services.ser_and_emi import TOLD, hear_emi, tell_sers
from annotations.services.storage import frame_folder, frame_name, lock_original, original_path, work_folder

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
LOCK_SPACE = 0x4554  # first half of the advisory lock's key; the second is the acquisition's
SAVE_EVERY_S = 1.0
LOST_MESSAGE_S = 600  # a row that waits longer than this is queued again
TITLE_CHARS, REASON_CHARS = 120, 200


class OvertakenError(Exception):
    """Another worker has taken over; this one must not write any more."""


def run_import(*, acquisition_pk):
    """Read one queued acquisition, or one whose worker died; do nothing if a living worker has it."""
    with _lease(acquisition_pk) as is_ours:
        acquisition = _claim(acquisition_pk) if is_ours else None
        if acquisition is None:
            return
        try:
            _import(acquisition)
        except DecoderRefusedError as refusal:
            _end(acquisition, Acquisition.Status.REFUSED, str(refusal), told=refusal.told)
        except OvertakenError:
            logger.warning("Acquisition %s was deleted or taken over meanwhile.", acquisition.pk)
            if not Acquisition.objects.filter(pk=acquisition.pk).exists():
                shutil.rmtree(work_folder(acquisition.pk), ignore_errors=True)
        except Exception:
            logger.exception("Import of acquisition %s failed.", acquisition.pk)
            sentence = f"Internal error while reading acquisition {acquisition.pk}; please tell the operator."
            _end(acquisition, Acquisition.Status.FAILED, sentence)
            raise


def requeue_lost_imports():
    """Queue again imports whose worker died, and those whose message was lost; returns how many."""
    count = 0
    for acquisition in Acquisition.objects.filter(status=Acquisition.Status.IMPORTING):
        with _lease(acquisition.pk) as is_free:
            # Back to waiting, so that the next round does not queue it again.
            is_lost = is_free and _still_importing(acquisition.pk).update(status=Acquisition.Status.QUEUED)
        if is_lost:
            with transaction.atomic():
                queue(acquisition=acquisition)
            count += 1
    long_ago = timezone.now() - timedelta(seconds=LOST_MESSAGE_S)
    for acquisition in Acquisition.objects.filter(status=Acquisition.Status.QUEUED, touched_at__lt=long_ago):
        with transaction.atomic():
            queue(acquisition=acquisition)
        count += 1
    return count


def _still_importing(pk):
    return Acquisition.objects.filter(pk=pk, status=Acquisition.Status.IMPORTING)


def _lease(acquisition_pk):
    """Whether this process alone may work on the acquisition; ends with the block or with the process."""
    return lease(LOCK_SPACE, acquisition_pk)


def _claim(pk):
    """Begin an attempt, on a clean slate; None if there is nothing to do or too many attempts were lost."""
    waiting = Acquisition.objects.filter(
        pk=pk, status__in=[Acquisition.Status.QUEUED, Acquisition.Status.IMPORTING]
    )
    if not waiting.update(
        status=Acquisition.Status.IMPORTING, attempts=F("attempts") + 1, progress=0, touched_at=timezone.now()
    ):
        return None
    acquisition = Acquisition.objects.select_related("project").get(pk=pk)
    _clear(acquisition)
    if acquisition.attempts > MAX_ATTEMPTS:
        sentence = (
            f"The worker was lost {MAX_ATTEMPTS} times while reading this file; please tell the operator."
        )
        _end(acquisition, Acquisition.Status.FAILED, sentence)
        return None
    push(project_id=acquisition.project_id, kind="acquisition", payload=summary(acquisition))
    return acquisition


def _clear(acquisition):
    """Remove what an earlier attempt left: files first, since the rows are how they are found."""
    for pk in acquisition.frames.values_list("pk", flat=True):
        kept.drop_folder(frame_name(pk))
    acquisition.frames.all().delete()
    shutil.rmtree(work_folder(acquisition.pk), ignore_errors=True)


def _import(acquisition):
    folder = work_folder(acquisition.pk)
    folder.mkdir(parents=True)
    opened, found, saved_at = None, [], time.monotonic()
    for event in decode(original_path(acquisition), acquisition.name, folder):
        if event["event"] == "opened":
            opened = event
            continue
        found.append(event)
        if time.monotonic() - saved_at > SAVE_EVERY_S:
            _report(acquisition, len(found) / opened["n_frames"])
            saved_at = time.monotonic()
    _publish(acquisition, opened, found, folder)


def _report(acquisition, progress):
    mine = Acquisition.objects.filter(
        pk=acquisition.pk, status=Acquisition.Status.IMPORTING, attempts=acquisition.attempts
    )
    if not mine.update(progress=progress, touched_at=timezone.now()):
        raise OvertakenError
    acquisition.progress = progress
    push(project_id=acquisition.project_id, kind="acquisition", payload=summary(acquisition))


def _publish(acquisition, opened, found, folder):
    """Rows, then files, then ready: see the module's docstring for why in this order."""
    _report(acquisition, 1)
    frames = Frame.objects.bulk_create([_frame(acquisition, event) for event in found], batch_size=1000)
    for frame in frames:
        place = frame_folder(frame.pk)
        place.parent.mkdir(parents=True, exist_ok=True)
        (folder / str(frame.index)).rename(place)
    kept.keep_folders(frame_name(frame.pk) for frame in frames)
    try:
        _make_ready(acquisition, opened, frames)
    except OvertakenError:
        left = set(Frame.objects.filter(pk__in=[frame.pk for frame in frames]).values_list("pk", flat=True))
        for frame in frames:
            if frame.pk not in left:  # deleted by someone while it was read
                kept.drop_folder(frame_name(frame.pk))
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _make_ready(acquisition, opened, frames):
    with transaction.atomic():
        row = Acquisition.objects.select_for_update().filter(pk=acquisition.pk).first()
        if row is None or row.status != Acquisition.Status.IMPORTING or row.attempts != acquisition.attempts:
            raise OvertakenError
        _describe(row, opened)
        hear_emi(ser=row)
        row.status, row.progress, row.imported_at = Acquisition.Status.READY, 1, timezone.now()
        row.save()
        record_readings(acquisition=row, frames=frames, readings=opened["readings"])
        push(project_id=row.project_id, kind="acquisition", payload=summary(row))


def _frame(acquisition, event):
    info = event["info"]
    return Frame(
        acquisition=acquisition,
        index=event["index"],
        title=event["title"][:TITLE_CHARS],
        width_px=info["width"],
        height_px=info["height"],
        dtype=info["dtype"],
        value_offset=info["value_offset"],
        value_step=info["value_step"],
        value_min=info["value_min"],
        value_max=info["value_max"],
        is_exact=info["is_exact"],
        unsizeable_reason=event["unsizeable_reason"][:REASON_CHARS],
    )


def _describe(row, opened):
    row.reader, row.notes, row.metadata = opened["reader"], opened["notes"], opened["metadata"]
    set_fields(row, opened["fields"])


def _end(acquisition, status, sentence, told=()):
    """Nothing stays but the row and its sentence; the original too where we are at fault, to try again."""
    _clear(acquisition)
    with transaction.atomic():
        lock_original(acquisition.project_id, acquisition.sha256)
        row = Acquisition.objects.select_for_update().filter(pk=acquisition.pk).first()
        if row is None or row.attempts != acquisition.attempts:
            return
        if status == Acquisition.Status.REFUSED and row.original:
            kept.drop(row.original)
            row.original = ""
        row.status, row.message, row.progress = status, sentence[:500], 0
        row.metadata = {TOLD: told} if told else row.metadata
        row.save()
        if told:
            tell_sers(emi=row)
        push(project_id=row.project_id, kind="acquisition", payload=summary(row))
