"""Gatan DigitalMicrograph 3 and 4: RosettaSciIO first, ncempy where it fails and as the cross-check."""

import numpy as np
from ncempy.io.dm import fileDM

from annotations.instruments import axes, rosetta
from annotations.instruments.fields import surroundings
from annotations.instruments.recording import Recording, Refusal

READER, SECOND = "RosettaSciIO (DM)", "ncempy (DM)"


def read(path, name, limits):
    try:
        found = rosetta.signals("digitalmicrograph", path)
    except MemoryError:
        raise
    except Exception:
        return _by_ncempy(path, name, limits)
    recording = rosetta.recording_of(found, reader=READER, name=name, limits=limits)
    if recording.n_frames and not recording.unsizeable_frames:
        _cross_check(recording, path)
    return recording


def _cross_check(recording, path):
    """Add what ncempy reads of the pixel size; a file that it cannot read stays with one reading."""
    try:
        with fileDM(str(path), on_memory=False) as file:
            scales, units, _ = _calibration(file)
    except MemoryError:
        raise
    except Exception:
        return
    if len(scales) < 2:
        return
    verdict = axes.judge((scales[-1], units[-1]), (scales[-2], units[-2]), reader=SECOND, is_second=True)
    if verdict.readings and verdict.readings[0].frame_index is None:
        recording.readings += verdict.readings
    if verdict.unsizeable_reason:
        recording.unsizeable_reason = verdict.unsizeable_reason


def _calibration(file):
    """Scales and units of the first data set that is no thumbnail, in its array's order, and its place."""
    place = 0 if file.numObjects == 1 else 1
    start = int(sum(file.dataShape[:place]))
    stop = start + int(file.dataShape[place])
    return file.scale[start:stop][::-1], file.scaleUnit[start:stop][::-1], place


def _by_ncempy(path, name, limits):
    with fileDM(str(path), on_memory=False) as file:
        scales, units, place = _calibration(file)
        shape = [int(n[place]) for n in (file.zSize2, file.zSize, file.ySize, file.xSize)]
        tags = dict(file.allTags)
        if file._DM2NPDataType(file.dataType[place]) in (np.complex64, np.complex128):
            raise Refusal(f"“{name}” holds complex numbers (a Fourier transform or a wave), not an image.")
    if len(scales) < 2:
        raise Refusal(f"“{name}” is a spectrum or a line of values, not an image.")
    if shape[0] > 1:
        raise Refusal(f"“{name}” has 4-dimensional data (a pattern at each scan point), not an image.")
    if any(str(unit).strip().lower() in rosetta.ENERGY_UNITS for unit in units):
        raise Refusal(f"“{name}” is a spectrum image, not an image; export a map or the survey image of it.")
    limits.check_stack(shape[1], shape[2], shape[3])
    verdict = axes.judge((scales[-1], units[-1]), (scales[-2], units[-2]), reader=SECOND)
    return Recording(
        frames=_ncempy_frames(path, shape[1]),
        n_frames=shape[1],
        reader=SECOND,
        readings=verdict.readings,
        unsizeable_reason=verdict.unsizeable_reason,
        notes=[verdict.note] if verdict.note else [],
        metadata={"tags": tags},
        fields=surroundings({key.rsplit(".", 1)[-1]: value for key, value in tags.items()}),
    )


def _ncempy_frames(path, n_frames):
    with fileDM(str(path), on_memory=False) as file:
        if n_frames == 1:
            yield np.squeeze(file.getDataset(0)["data"])
            return
        for index in range(n_frames):
            yield file.getSlice(0, index)["data"]
