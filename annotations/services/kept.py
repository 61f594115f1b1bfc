"""What is kept for good, by name: in STORAGE_DIR itself, or in object storage with STORAGE_DIR as its cache.

What has a name here never changes, so a file that is on this machine is right. Nothing is asked of anybody
where there is no object storage: names then are paths, as quick as paths.
"""

import fcntl
import logging
import os
import shutil
import time
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

logger = logging.getLogger(__name__)

AT_ONCE = 8
BLOCK_BYTES = 2**20
LOCKS = 256
USED_AGAIN_S = 60  # how exactly the cache knows when a file was last used
JUST_USED_S = 600  # what somebody may still be about to open is left in the cache
TRIMMED = ("originals", "frames")
# Last, so that who finds it finds all that belongs to it.
LAST = "tiles.u16"


class StorageAwayError(OSError):
    """The object storage did not do what it was asked; `strerror` says so to people."""

    def __init__(self):
        super().__init__(5, "the object storage does not answer")


@contextmanager
def _told():
    """Each storage has errors of its own, and none of them is for people."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        logger.exception("The object storage failed.")
        raise StorageAwayError from error


def is_remote():
    return bool(settings.STORAGE_URL)


def place(name):
    """Where it lies on this machine, if it is here."""
    return settings.STORAGE_DIR / name


def local(name):
    """Its path on this machine, fetched first if it is not here; nothing is there if it is kept nowhere."""
    path = place(name)
    if not is_remote():
        return path
    try:
        if time.time() - path.stat().st_mtime > USED_AGAIN_S:
            os.utime(path)
    except FileNotFoundError:
        _fetch(name, path)
    return path


def has(name):
    if not is_remote() or place(name).is_file():
        return place(name).is_file()
    with _told():
        return default_storage.exists(name)


def keep(name):
    """Put what lies in its place on this machine into the object storage, if there is one."""
    if is_remote():
        with _told(), place(name).open("rb") as file:
            default_storage.save(name, File(file))


def keep_folders(names):
    """The same for all files of some folders, several at a time."""
    if not is_remote():
        return
    files = [path for name in names for path in place(name).iterdir()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for last in (False, True):
            some = [path for path in files if (path.name == LAST) == last]
            list(pool.map(keep, [path.relative_to(settings.STORAGE_DIR).as_posix() for path in some]))


def drop(name):
    """Delete; where the object storage is away, its copy stays behind and the log says so."""
    place(name).unlink(missing_ok=True)
    if is_remote():
        with suppress(StorageAwayError), _told():
            default_storage.delete(name)


def drop_folder(name):
    shutil.rmtree(place(name), ignore_errors=True)
    if is_remote():
        with suppress(StorageAwayError), _told():
            for file in default_storage.listdir(name)[1]:
                default_storage.delete(f"{name}/{file}")


def trim():
    """Take the files that were used longest ago out of the cache until it is as small as it should be."""
    if not is_remote():
        return 0
    found, removed = [], 0
    for folder in TRIMMED:
        for path in place(folder).rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file():
                    found.append((path.stat().st_mtime, path.stat().st_size, path))
    surplus = sum(n_bytes for _, n_bytes, _ in found) - settings.STORAGE_CACHE_BYTES
    for used_at, n_bytes, path in sorted(found):
        if surplus <= 0 or time.time() - used_at < JUST_USED_S:
            break
        path.unlink(missing_ok=True)
        surplus, removed = surplus - n_bytes, removed + 1
    return removed


def _fetch(name, path):
    """Fetched once, however many ask for it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(name):
        if path.exists():
            return
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            with _told(), part.open("wb") as file:
                if not default_storage.exists(name):
                    return
                with default_storage.open(name) as source:
                    shutil.copyfileobj(source, file, BLOCK_BYTES)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _alone(name):
    """Nobody else on this machine fetches this; the kernel lets go of it however the holder dies."""
    locks = settings.STORAGE_DIR / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    number = zlib.crc32(name.encode()) % LOCKS  # two names that share one wait for each other, no more
    handle = os.open(locks / str(number), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
