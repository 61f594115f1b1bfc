"""Run the decoding of one file in a process of its own, and listen to it.

A file from outside may crash a decoder, make it use all memory, or never let it end. In the worker that would
take other people's work along; here it ends one process, and one sentence is left.
"""

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time

from django.conf import settings

logger = logging.getLogger(__name__)

MODULE = "annotations.instruments.decode"
FRAME_WALL_S = 300  # the longest silence: no single frame may take longer
LINE_BYTES = 2**24
ERROR_BYTES = 4000  # of what a crashed decoder said, for the log
MARGIN_S = 120  # of the task's time, kept for what follows the decoding


class DecoderRefusedError(Exception):
    """The file cannot be imported; one sentence for people, and what it `told` of other files."""

    def __init__(self, sentence, told=()):
        super().__init__(sentence)
        self.told = told


def decode(path, name, folder):
    """Decode a file into `folder/<index>/tiles.u16`, frame by frame.

    Yields
    ------
    dict
        First one with event "opened", then one with event "frame" for each frame, as
        `annotations.instruments.decode` writes them.

    Raises
    ------
    DecoderRefusedError
        With the sentence of the reader, or what ended its process.
    """
    command = [sys.executable, "-m", MODULE, str(path), str(folder)]
    request = {
        "name": name,
        "limits": {"file_bytes": settings.MAX_UPLOAD_BYTES},
        "memory_bytes": settings.IMPORT_MEMORY_BYTES,
        "frame_cpu_s": settings.IMPORT_FRAME_CPU_S,
    }
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=settings.BASE_DIR,
            env=_environment(),
            start_new_session=True,
        )
        try:
            # Its end of the pipe stays open: when the worker dies, the process reads the end and stops.
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            yield from _events(process, errors)
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def _environment():
    """Nothing of ours: no database, no keys; one thread, so that the limits on memory and time hold."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TIFFFILE_NUM_THREADS"], "1")
    return {**kept, **threads, "PYTHONDONTWRITEBYTECODE": "1"}


def _events(process, errors):
    deadline = time.monotonic() + settings.TASK_LIMIT_S - MARGIN_S
    for line in _lines(process, deadline):
        event = json.loads(line)
        if event["event"] == "done":
            return
        if event["event"] == "refused":
            raise DecoderRefusedError(event["sentence"], event.get("told", ()))
        yield event
    code = process.wait()
    errors.seek(0)
    logger.warning("A decoder ended with %s: %s", code, errors.read()[-ERROR_BYTES:].decode(errors="replace"))
    raise DecoderRefusedError(_epitaph(code))


def _lines(process, deadline):
    """Lines of the process as they come; stops it when it is silent or at work for too long."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            patience_s = min(FRAME_WALL_S, deadline - time.monotonic())
            if patience_s <= 0 or not selector.select(patience_s):
                raise DecoderRefusedError(
                    "Reading the file took longer than allowed; please split or bin it."
                )
            piece = os.read(process.stdout.fileno(), 2**16)
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LINE_BYTES:
                raise DecoderRefusedError("The file's metadata are larger than accepted here.")
            yield from lines


def _epitaph(code):
    if code == -signal.SIGXCPU:
        return "Reading one frame of the file took longer than allowed; the file is damaged or too large."
    if code == -signal.SIGKILL:
        return "Reading the file needed more memory than there is; please split or bin it."
    return "The reader crashed on this file; it is damaged or unusual, please export it again."
