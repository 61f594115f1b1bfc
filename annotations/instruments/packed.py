"""gzip and bzip2: unpack within bounds, then read what was in it."""

import bz2
import gzip
import shutil
import tempfile
import weakref
from pathlib import Path

from annotations.instruments.recording import Refusal
from annotations.instruments.sniff import HEAD_BYTES, family_of

OPENERS = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
CHUNK_BYTES = 2**20
UNPACKED_BYTES = 2**33  # and no more than so many times the packed size:
RATIO = 200  # noise, which any micrograph has, packs far less; a bomb packs 1000-fold


def read(path, name, limits):
    from annotations.instruments import reading

    with path.open("rb") as file:
        opener = OPENERS[file.read(2)]
    most = min(UNPACKED_BYTES, limits.file_bytes, path.stat().st_size * RATIO + 2**20)
    folder = tempfile.mkdtemp()
    try:
        target = Path(folder) / "unpacked"
        _unpack(opener, path, target, name, most)
        recording = reading.read_plain(target, name, limits)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # The folder lives as long as the frames that are read from it.
    weakref.finalize(recording.frames, shutil.rmtree, folder, ignore_errors=True)
    recording.reader += ", unpacked"
    return recording


def _unpack(opener, path, target, name, most):
    with opener(path) as packed, target.open("wb") as out:
        chunk = packed.read(HEAD_BYTES)
        if family_of(chunk, name) in ("gzip", "bzip2"):
            raise Refusal(f"“{name}” is packed more than once; please unpack it.")
        while chunk:
            if out.tell() + len(chunk) > most:
                raise Refusal(f"“{name}” unpacks to more than {most:,} bytes; please upload it unpacked.")
            out.write(chunk)
            chunk = packed.read(CHUNK_BYTES)
