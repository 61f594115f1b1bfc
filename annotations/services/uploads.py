"""Files on their way in, piece by piece (tus 1.0): what was acknowledged is on disk, nothing else counts."""

import contextlib
import errno
import os
import shutil
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from annotations.models import Upload
from annotations.services.import_acquisition import clean_name, import_acquisition

COPY_BYTES = 2**20
RESERVE_BYTES = 256 * 2**20  # left free on the disk: the database may live on it too
ACTIVE_FOR = timedelta(hours=1)
SWEEP_AT_ONCE = 20
DISK_FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT}


def create_upload(*, by, project, name, size_bytes, tus_metadata="") -> Upload:
    """Begin an upload of `size_bytes` that will be an acquisition of `project`.

    Raises
    ------
    ValidationError
        If the file is empty, nameless, too large (code `too_large`) or more than fits (`disk_full`).
    """
    name = clean_name(name)
    if size_bytes == 0:
        raise ValidationError(f"“{name}” is empty; please export it again.", code="empty")
    check_size(name, size_bytes)
    folder = settings.STORAGE_DIR / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    sweep_uploads()
    if size_bytes + _promised_bytes() + RESERVE_BYTES > shutil.disk_usage(folder).free:
        raise _disk_full(name)
    upload = Upload(project=project, owner=by, name=name, size_bytes=size_bytes, tus_metadata=tus_metadata)
    upload.full_clean()
    upload.save(force_insert=True)
    return upload


def check_size(name, size_bytes):
    limit = settings.MAX_UPLOAD_BYTES
    if size_bytes > limit:
        raise ValidationError(
            f"“{name}” has {size_bytes:,} bytes, more than the {limit:,} accepted here.", code="too_large"
        )


def _promised_bytes():
    """What uploads under way will still need."""
    active = Upload.objects.unfinished().filter(touched_at__gt=timezone.now() - ACTIVE_FOR)
    return active.aggregate(sum=Sum(F("size_bytes") - F("offset_bytes")))["sum"] or 0


def append_chunk(*, upload, offset_bytes, stream) -> Upload:
    """Add what `stream` holds at `offset_bytes`; when this returns, the bytes are on the disk and counted.

    Raises
    ------
    ValidationError
        `busy` while another request writes, `wrong_offset`, `too_much` beyond the promised size, `disk_full`.
        Nothing is counted then.
    """
    with transaction.atomic():
        upload = _lock(upload)
        if offset_bytes != upload.offset_bytes:
            raise ValidationError(
                f"“{upload.name}” goes on at byte {upload.offset_bytes}, not {offset_bytes}; ask again.",
                code="wrong_offset",
            )
        try:
            written = _write(upload, stream)
        except OSError as error:
            if error.errno in DISK_FULL_ERRORS:
                raise _disk_full(upload.name) from error
            raise
        upload.offset_bytes += written
        upload.save(update_fields=["offset_bytes", "touched_at"])
    return upload


def finish_upload(*, upload) -> Upload:
    """Make a complete upload an acquisition, once; asked again, it says what became of it.

    Raises
    ------
    ValidationError
        `busy` while another request does this; else what `import_acquisition` refuses.
    """
    with transaction.atomic():
        upload = _lock(upload)
        if upload.acquisition_id or not upload.is_complete:
            return upload
        # The import moves what it is given: it gets a second name of the file, so that a transaction that
        # fails after the move leaves the upload as it was.
        handed_over = upload.path.with_name(f"{upload.pk}.import")
        handed_over.unlink(missing_ok=True)
        _link(upload.path, handed_over)
        try:
            imported = import_acquisition(
                by=upload.owner, project=upload.project, path=handed_over, name=upload.name
            )
        finally:
            handed_over.unlink(missing_ok=True)
        upload.acquisition, upload.is_new, upload.message = imported
        upload.save(update_fields=["acquisition", "is_new", "message", "touched_at"])
        transaction.on_commit(lambda: upload.path.unlink(missing_ok=True))
    return upload


def cancel_upload(*, upload):
    """Forget an upload and its bytes; an acquisition that it became stays."""
    with transaction.atomic():
        upload = _lock(upload)
        path = upload.path
        upload.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def sweep_uploads(limit=SWEEP_AT_ONCE):
    """Clear away abandoned uploads; complete ones whose client never came back become acquisitions."""
    for upload in Upload.objects.expired()[:limit]:
        with contextlib.suppress(ValidationError):  # busy, gone, or refused: then it goes with its bytes
            if upload.is_complete and not upload.acquisition_id:
                finish_upload(upload=upload)
                continue
        with contextlib.suppress(ValidationError):
            cancel_upload(upload=upload)


def sweep_stray_files():
    """Delete bytes that no upload knows of any more, such as a deleted project's or a killed request's."""
    stored = (settings.STORAGE_DIR / "uploads").glob("*")
    oldest = (timezone.now() - Upload.KEPT_FOR).timestamp()
    known = {str(pk) for pk in Upload.objects.values_list("pk", flat=True)}
    for path in [*stored, *settings.SPOOL_DIR.glob("*.upload*")]:
        if path.name not in known and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _lock(upload):
    locked = Upload.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=upload.pk).first()
    if locked is None:
        raise ValidationError(f"“{upload.name}” is being written right now; wait a moment.", code="busy")
    return locked


def _write(upload, stream):
    """Put `stream` behind the acknowledged bytes, on the disk; what a killed request left goes first."""
    room = upload.size_bytes - upload.offset_bytes
    is_first = not upload.path.exists()
    if upload.offset_bytes and (is_first or upload.path.stat().st_size < upload.offset_bytes):
        raise ValidationError(f"“{upload.name}” was lost on the server; please upload it again.", code="gone")
    with open(upload.path, "ab", buffering=0) as file:
        _truncate(file, upload.offset_bytes)
        written = 0
        try:
            while piece := stream.read(min(COPY_BYTES, room - written + 1)):
                if written + len(piece) > room:
                    raise ValidationError(
                        f"“{upload.name}” was announced with {upload.size_bytes:,} bytes, and more came.",
                        code="too_much",
                    )
                view = memoryview(piece)
                while view:
                    view = view[file.write(view) :]
                written += len(piece)
            os.fsync(file.fileno())
        except BaseException:
            _truncate(file, upload.offset_bytes)
            raise
    if is_first:
        _sync_folder(upload.path.parent)
    return written


def _link(path, second):
    try:
        os.link(path, second)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, second)


def _truncate(file, size_bytes):
    with contextlib.suppress(OSError):  # not a plain file, or the disk fails: the next request tries again
        os.ftruncate(file.fileno(), size_bytes)


def _sync_folder(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk_full(name):
    return ValidationError(
        f"The server's disk has no room for “{name}”; free some space there, then retry.", code="disk_full"
    )
