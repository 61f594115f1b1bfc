"""Where files lie under STORAGE_DIR, and who may touch an original at a time."""

from django.conf import settings
from django.db import connection

from annotations.services import kept


def originals_folder(project_id):
    return f"originals/{project_id}"


def original_place(project_id, sha256):
    """The original's name (kept.py): by its content, never by its uploader."""
    return f"{originals_folder(project_id)}/{sha256}"


def original_path(acquisition):
    """Where the file as it came lies, fetched if need be; None where it was refused and not kept."""
    return kept.local(acquisition.original) if acquisition.original else None


def has_original(acquisition):
    return bool(acquisition.original) and kept.has(acquisition.original)


def frame_name(frame_pk):
    return f"frames/{frame_pk}"


def frame_folder(frame_pk):
    """Where a frame's files lie on this machine; what is kept is in kept.py's hands."""
    return kept.place(frame_name(frame_pk))


def work_folder(acquisition_pk):
    """Where a worker gathers what it decodes, until all of it is there."""
    return settings.STORAGE_DIR / "importing" / str(acquisition_pk)


def lock_original(project_id, sha256):
    """Until the transaction ends, nobody else stores or removes this file of this project."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"original {project_id} {sha256}"]
        )
