"""Folders in the storage that never change once they are there: datasets, synthetic frames, models.

The storage is Django's default one. Where its files lie on this machine they are used in place; from a remote
one (S3 and its like) a folder is fetched once into DATA_DIR/cache. `files.json` is written last and names all
files: a folder without it is not whole, and a killed upload begins again.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

INDEX = "files.json"
BLOCK_BYTES = 2**20


def store_folder(path, name, on_file=lambda: None):
    """Put the files of a local folder into the storage as `name`; the local folder may be deleted then.

    `on_file` is called at each file; what it raises stops it, and nothing of the name is there then.

    Raises
    ------
    ValueError
        If another folder of this name is there: what is stored never changes.
    """
    path, name = Path(path), str(name).strip("/")
    index = _index_of(path, on_file)
    if default_storage.exists(f"{name}/{INDEX}"):
        with default_storage.open(f"{name}/{INDEX}") as file:
            if json.load(file) != index:
                raise ValueError(f"“{name}” is in the storage with other files already, and never changes.")
        return
    place = _place(name)
    if place is not None:
        _put_beside(path, place, index, on_file)
        return
    for file_name in index:
        on_file()
        with (path / file_name).open("rb") as file:
            default_storage.delete(f"{name}/{file_name}")  # of an upload that was killed
            default_storage.save(f"{name}/{file_name}", File(file))
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(index).encode())
        file.seek(0)
        default_storage.save(f"{name}/{INDEX}", File(file))


def local_folder(name) -> Path:
    """A folder of the storage as local files, to be read only.

    Raises
    ------
    ValueError
        If there is no such folder, or it came over incomplete.
    """
    name = str(name).strip("/")
    place = _place(name)
    if place is not None:
        if not place.is_dir():
            raise ValueError(f"“{name}” is not in the storage.")
        return place
    kept = settings.DATA_DIR / "cache" / name
    if (kept / INDEX).is_file():
        return kept
    if not default_storage.exists(f"{name}/{INDEX}"):
        raise ValueError(f"“{name}” is not in the storage.")
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{kept.name}.", dir=kept.parent))
    try:
        with default_storage.open(f"{name}/{INDEX}") as file:
            index = json.load(file)
        for file_name, (n_bytes, sha256) in index.items():
            _fetch(f"{name}/{file_name}", part / file_name, n_bytes, sha256)
        (part / INDEX).write_text(json.dumps(index))
        try:
            os.rename(part, kept)
        except OSError:  # another process was quicker
            if not (kept / INDEX).is_file():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return kept


def open_file(name, file_name):
    """One file of a folder, open for reading as bytes, wherever it is; OSError if there is none."""
    return default_storage.open(f"{str(name).strip('/')}/{file_name}", "rb")


def is_stored(name):
    """Whether a folder is in the storage, whole."""
    return default_storage.exists(f"{str(name).strip('/')}/{INDEX}")


def delete_folder(name):
    """Remove a folder whose row is gone."""
    name = str(name).strip("/")
    place = _place(name)
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)
        return
    shutil.rmtree(settings.DATA_DIR / "cache" / name, ignore_errors=True)
    if is_stored(name):
        with default_storage.open(f"{name}/{INDEX}") as file:
            index = json.load(file)
        default_storage.delete(f"{name}/{INDEX}")
        for file_name in index:
            default_storage.delete(f"{name}/{file_name}")


def _place(name):
    """Where the storage keeps a folder on this machine; None where it is elsewhere."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


def _index_of(path, on_file):
    """Size and SHA-256 of every file, by its path within the folder."""
    index = {}
    for one in sorted(one for one in path.rglob("*") if one.is_file()):
        on_file()
        index[one.relative_to(path).as_posix()] = [one.stat().st_size, _sha256(one)]
    index.pop(INDEX, None)
    return index


def _sha256(path):
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            seen.update(block)
    return seen.hexdigest()


def _put_beside(path, place, index, on_file):
    """Copied beside its place, then there at once."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        for file_name in index:
            on_file()
            target = part / file_name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path / file_name, target)
            except OSError:  # another disk
                shutil.copyfile(path / file_name, target)
            target.chmod(0o444)
        (part / INDEX).write_text(json.dumps(index))
        part.chmod(0o755)
        if place.exists() and not (place / INDEX).is_file():
            raise ValueError(f"“{place.name}” is in the storage already, and not as a whole folder.")
        os.rename(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fetch(name, target, n_bytes, sha256):
    target.parent.mkdir(parents=True, exist_ok=True)
    with default_storage.open(name) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, BLOCK_BYTES)
    if target.stat().st_size != n_bytes or _sha256(target) != sha256:
        raise ValueError(f"“{name}” came out of the storage with other bytes than went in.")
