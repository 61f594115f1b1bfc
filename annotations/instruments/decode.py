"""`python -m annotations.instruments.decode FILE FOLDER`: decode one file within limits, for the worker.

Reads one line of JSON from standard input (name, limits), writes one line of JSON a frame to standard output
and the frame's tile pack to FOLDER/<index>/tiles.u16. Ends when standard input does: the worker is gone then.
"""

import json
import os
import resource
import sys
import threading
from dataclasses import asdict
from pathlib import Path

GIB = 2**30
ADDRESS_SLACK = 4 * GIB  # libraries and thread stacks are mapped, not used


def main():
    path, folder = map(Path, sys.argv[1:])
    request = json.loads(sys.stdin.readline())
    say = _own_output()
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    _bound(request["memory_bytes"], path.stat().st_size)
    try:
        _decode(path, folder, request, say)
    except MemoryError:
        say(
            event="refused",
            sentence="Reading the file needs more memory than allowed; please split or bin it.",
        )


def _decode(path, folder, request, say):
    from annotations.display.tiles import write_tiles
    from annotations.instruments import Limits, Refusal, read
    from annotations.instruments.metadata import json_safe

    allow_frame = _cpu_allowance(request["frame_cpu_s"])
    allow_frame()
    try:
        recording = read(path, name=request["name"], limits=Limits(**request["limits"]))
        say(
            event="opened",
            n_frames=recording.n_frames,
            reader=recording.reader,
            notes=recording.notes,
            fields=json_safe(recording.fields),
            metadata=recording.metadata,
            readings=[asdict(reading) for reading in recording.readings],
        )
        for index, image in enumerate(recording.frames):
            info = write_tiles(image, folder / str(index) / "tiles.u16")
            say(
                event="frame",
                index=index,
                title=recording.title(index),
                unsizeable_reason=recording.reason_unsizeable(index),
                info=asdict(info),
            )
            allow_frame()
        say(event="done")
    except Refusal as refusal:
        say(event="refused", sentence=str(refusal), told=json_safe(refusal.told))


def _own_output():
    """Standard output for us alone: what a library prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**event):
        out.write(json.dumps(event) + "\n")
        out.flush()

    return say


def _end_with_the_worker():
    sys.stdin.read()
    os._exit(1)


def _bound(memory_bytes, file_bytes):
    """Memory that is written counts against `memory_bytes`; the mapped file itself does not."""
    for limit, value in {
        resource.RLIMIT_DATA: memory_bytes,
        resource.RLIMIT_AS: memory_bytes + 2 * file_bytes + ADDRESS_SLACK,
        resource.RLIMIT_CORE: 0,
    }.items():
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY or value <= hard:
            resource.setrlimit(limit, (value, value))


def _cpu_allowance(frame_cpu_s):
    """A function that gives the process `frame_cpu_s` more seconds of CPU, counted from now."""

    def allow():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used_s = usage.ru_utime + usage.ru_stime
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used_s + frame_cpu_s) + 1, hard))

    return allow


if __name__ == "__main__":
    main()
