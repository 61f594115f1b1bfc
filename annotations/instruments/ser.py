"""SER of FEI's TIA. ncempy reads one image at a time; RosettaSciIO, which reads all at once, gives the axes.

A SER tells steps without a unit, and the mode is only in the EMI beside it. An image's step is in metres, a
diffraction pattern's in 1/m: some 10 million, which no pixel measures, so it is told by its size.
"""

import os
import struct
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ncempy.io.ser import fileSER

from annotations.instruments import axes, rosetta
from annotations.instruments.recording import Recording, Refusal

READER, SECOND = "RosettaSciIO (SER)", "ncempy (SER)"
SPECTRA, IMAGES = 0x4120, 0x4122
PATTERN_STEP = 1e3  # 1/m, 1e-6 /nm; as metres it would be a kilometre a pixel
WHOLE_BYTES = 2**28  # RosettaSciIO reads the whole file: only up to this size is it asked
ELEMENT = struct.Struct("<ddiddihii")  # two calibrations, type, width, height


def read(path, name, limits):
    _check(path, name, limits)
    with fileSER(path) as file:
        count = file.head["ValidNumberElements"]
        elements = [_element(path, offset) for offset in file.head["DataOffsetArray"][:count]]
        taken_at = _time(file)
    total = 0
    for _, _, width, height in elements:
        limits.check_frame(height, width)
        total += height * width
    if total > limits.total_pixels:
        raise Refusal(f"“{name}” has more than {limits.total_pixels:,} pixels in all; please split it.")
    recording = Recording(
        frames=_frames(path, len(elements)),
        n_frames=len(elements),
        reader=SECOND,
        fields={"acquired_at": taken_at} if taken_at else {},
        metadata={"elements": [{"dx_m": dx, "dy_m": dy} for dx, dy, _, _ in elements[:100]]},
    )
    if elements and all(min(dx, dy) > PATTERN_STEP for dx, dy, _, _ in elements):
        recording.unsizeable_reason = axes.DIFFRACTION
        return recording
    verdict = _first_reading(path)
    # RosettaSciIO looks at the first image alone; where others differ, it says nothing of them.
    is_uniform = len({(dx, dy) for dx, dy, _, _ in elements}) == 1
    recording.readings += [replace(r, frame_index=None if is_uniform else 0) for r in verdict.readings]
    for index, (dx, dy, _, _) in enumerate(elements):
        found = axes.judge(
            (dx, "m"), (dy, "m"), reader=SECOND, frame_index=index, is_second=bool(verdict.readings)
        )
        recording.readings += found.readings
        verdict.note = verdict.note or found.note
    recording.notes += [verdict.note] if verdict.note else []
    recording.readings = axes.same_for_all(recording.readings, recording.n_frames)
    return recording


def _check(path, name, limits):
    with path.open("rb") as file:
        head = file.read(22)
    if len(head) < 22:
        raise Refusal(f"“{name}” breaks off in its header; please copy it again.")
    kind, _, _, valid = struct.unpack_from("<4i", head, 6)
    if kind == SPECTRA:
        raise Refusal(f"“{name}” is a spectrum, not an image; upload the micrograph it was taken from.")
    limits.check_stack(valid, 1, 1)


def _element(path, offset):
    """(dx, dy, width, height) of one image, from its own header."""
    with path.open("rb") as file:
        file.seek(offset)
        _, dx, _, _, dy, _, _, width, height = ELEMENT.unpack(file.read(ELEMENT.size))
    return dx, dy, width, height


def _frames(path, count):
    with fileSER(path) as file:
        for index in range(count):
            yield file.getDataset(index)[0]


def _first_reading(path):
    """RosettaSciIO's reading of a file of one image size; it goes by the name's end, so it gets one."""
    if path.stat().st_size > WHOLE_BYTES:
        return axes.Verdict()
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "series.ser"
        os.symlink(path.resolve(), link)
        try:
            signal = rosetta.signals("tia", link)[0]
        except MemoryError:
            raise
        except Exception:
            return axes.Verdict()
    y, x = [axis for axis in signal["axes"] if not axis["navigate"]]
    return axes.judge((x["scale"], x["units"]), (y["scale"], y["units"]), reader=READER)


def _time(file):
    try:
        seconds = int(file._getTag(0)["Time"])
    except Exception:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds > 0 else None
