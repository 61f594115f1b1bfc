"""Take a whole file into a project. Reading it is the worker's (`run_import`)."""

import hashlib
import os
import shutil
import uuid
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from annotations.models import Acquisition
from annotations.services import kept
from annotations.services.notify import push
from annotations.services.storage import lock_original, original_place

CHUNK_BYTES = 2**22
NAME_CHARS = 255


class Imported(NamedTuple):
    """`is_new` is False where the project had the same bytes already; `message` says so to people."""

    acquisition: Acquisition
    is_new: bool
    message: str


def import_acquisition(*, by, project, path, name, keep_source=False) -> Imported:
    """Store a file as an acquisition and queue its import on commit.

    The same bytes are kept once a project: a second upload gives the acquisition that is there, or tries
    again where the first was refused or failed. `path` is moved (copied with `keep_source`), and is gone in
    any case but an exception.

    Raises
    ------
    ValidationError
        If the file is empty, larger than allowed, has no usable name, or the disk is full.
    """
    path, name = Path(path), clean_name(name)
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise ValidationError(f"“{name}” is empty; please export it again.")
    if size_bytes > settings.MAX_UPLOAD_BYTES:
        raise ValidationError(
            f"“{name}” has {size_bytes:,} bytes, more than the {settings.MAX_UPLOAD_BYTES:,} accepted here."
        )
    sha256 = sha256_of(path)
    with transaction.atomic():
        lock_original(project.pk, sha256)
        acquisition, is_fresh = _row(by, project, name, sha256, size_bytes)
        is_retry = acquisition.status in {Acquisition.Status.REFUSED, Acquisition.Status.FAILED}
        if is_fresh or is_retry:
            if is_retry:
                _start_again(acquisition, by, name)
            _store(path, acquisition, keep_source)
            queue(acquisition=acquisition)
    if not keep_source:
        path.unlink(missing_ok=True)
    message = "" if is_fresh else _already(acquisition, name, is_retry)
    return Imported(acquisition, is_fresh, message)


def queue(*, acquisition):
    """Have a worker read the acquisition, once this transaction is committed; twice does no harm."""
    # Imported here: tasks imports the worker's side, which the web process needs only to name.
    from annotations.tasks import import_task

    Acquisition.objects.filter(pk=acquisition.pk).update(touched_at=timezone.now())
    import_task.delay_on_commit(acquisition.pk)
    push(project_id=acquisition.project_id, kind="acquisition", payload=summary(acquisition))


def summary(acquisition):
    """What an open page is told of an acquisition."""
    return {
        "id": acquisition.pk,
        "name": acquisition.name,
        "status": acquisition.status,
        "progress": round(acquisition.progress, 3),
        "message": acquisition.explanation,
    }


def clean_name(name):
    """A file's name for people: without folders or control characters, no longer than the column."""
    last = str(name).replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(letter for letter in last if letter.isprintable()).strip()
    if not shown or shown in {".", ".."}:
        raise ValidationError("The file has no name; please give it one.")
    if len(shown) <= NAME_CHARS:
        return shown
    stem, dot, suffix = shown.rpartition(".")
    suffix = dot + suffix if stem and len(suffix) < 20 else ""
    return shown[: NAME_CHARS - len(suffix)] + suffix


def sha256_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256", _bufsize=CHUNK_BYTES).hexdigest()


def _row(by, project, name, sha256, size_bytes):
    """The project's row for these bytes, locked, and whether it is new."""
    found = Acquisition.objects.select_for_update().filter(project=project, sha256=sha256).first()
    if found:
        return found, False
    row = Acquisition(
        project=project, name=name, sha256=sha256, size_bytes=size_bytes, uploaded_by=by,
        original=original_place(project.pk, sha256),
    )  # fmt: skip
    row.full_clean()
    row.save()
    return row, True


def _start_again(acquisition, by, name):
    acquisition.status = Acquisition.Status.QUEUED
    acquisition.name, acquisition.uploaded_by = name, by
    acquisition.message, acquisition.progress, acquisition.attempts = "", 0, 0
    acquisition.original = original_place(acquisition.project_id, acquisition.sha256)
    acquisition.save()


def _store(path, acquisition, keep_source):
    """Put the file in its place in one step, so that there is never half an original."""
    place = kept.place(acquisition.original)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{uuid.uuid4().hex}.part")
    try:
        if keep_source:
            shutil.copyfile(path, part)
        else:
            shutil.move(path, part)
        part.chmod(0o440)
        os.replace(part, place)
        kept.keep(acquisition.original)
    except OSError as error:
        if not keep_source and not path.exists() and (moved := _found(part, place)):
            shutil.move(moved, path)
        raise ValidationError(
            f"“{acquisition.name}” could not be stored ({error.strerror}); {_remedy(error)}."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _remedy(error):
    return "please try again" if isinstance(error, kept.StorageAwayError) else "please free some disk space"


def _found(*paths):
    return next((path for path in paths if path.exists()), None)


def _already(acquisition, name, is_retry):
    if is_retry:
        return f"“{name}” was uploaded before and could not be read; it is tried again."
    same = "" if acquisition.name == name else f" as “{acquisition.name}”"
    return f"“{name}” is already in this project{same}; it was not added twice."
