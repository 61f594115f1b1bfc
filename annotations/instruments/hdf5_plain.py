"""Plain HDF5: its images, with a pixel size in an attribute beside them."""

from dataclasses import replace

import h5py
import numpy as np

from annotations.instruments import axes
from annotations.instruments.fields import moment, only_known, surroundings
from annotations.instruments.recording import Recording, Refusal

READER = "h5py"
SMALLEST_PX = 16  # a side: smaller arrays are tables and axes
SIZE_KEYS = ("pixel_size", "pixelsize", "pixel size", "scale", "pixel_scale", "resolution", "element_size_um")
UNIT_KEYS = ("scale_unit", "pixel_size_unit", "pixel_unit", "units", "unit", "pixelunit", "scale_units")
SUFFIXES = ("nm", "um", "pm", "angstrom", "a", "m")


def read(path, name, limits):
    file = h5py.File(path, "r")  # stays open: frames are read from it later
    images, others = _datasets(file)
    if not images:
        if others:
            raise Refusal(
                f"“{name}” holds no image but data of {others[0]} dimensions; export an image of them."
            )
        raise Refusal(f"“{name}” is an HDF5 file without an image.")
    shapes = [data.shape if data.ndim == 3 else (1, *data.shape) for data in images]
    for shape in shapes:
        limits.check_stack(*shape)
    n_frames = sum(shape[0] for shape in shapes)
    limits.check_stack(n_frames, 1, 1)
    recording = Recording(
        frames=_frames(file, images),
        n_frames=n_frames,
        reader=READER,
        metadata={data.name: dict(data.attrs) for data in images} | {"/": dict(file.attrs)},
    )
    index = 0
    for data, (count, *_) in zip(images, shapes, strict=True):
        verdict = _verdict(data)
        if verdict.note and verdict.note not in recording.notes:
            recording.notes.append(verdict.note)
        for place in range(index, index + count):
            recording.titles.append(data.name.strip("/"))
            recording.readings += [replace(r, frame_index=place) for r in verdict.readings]
            if verdict.unsizeable_reason:
                recording.unsizeable_frames[place] = verdict.unsizeable_reason
        index += count
    recording.readings = axes.same_for_all(recording.readings, n_frames)
    tags = {**file.attrs, **images[0].attrs}
    date = next((tags[key] for key in ("date", "datetime", "acquired_at", "timestamp") if key in tags), None)
    recording.fields = {
        **surroundings(tags),
        **only_known({"acquired_at": moment(_text(date)) if date else None}),
    }
    return recording


def _datasets(file):
    """The image-like data sets, and the dimensions of the others that are no tables."""
    images, others = [], []

    def visit(_, item):
        if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "buif":
            return
        if item.ndim in (2, 3) and min(item.shape[-2:]) >= SMALLEST_PX:
            images.append(item)
        elif item.size > SMALLEST_PX:
            others.append(item.ndim)

    file.visititems(visit)
    return images, others


def _frames(file, images):
    with file:
        for data in images:
            for index in range(data.shape[0] if data.ndim == 3 else 1):
                yield data[index] if data.ndim == 3 else data[()]


def _verdict(data):
    """The pixel size in the data set's attributes, or in those of the group it lies in."""
    for item in (data, data.parent):
        attributes = {str(key).lower(): value for key, value in item.attrs.items()}
        found = _size_and_unit(attributes)
        if found:
            (y, x), unit, key = found
            return axes.judge((x, unit), (y, unit), reader=READER, detail=f"attribute {key} of {item.name}")
    return axes.judge((1, ""), (1, ""), reader=READER)


def _size_and_unit(attributes):
    unit = next((_text(attributes[key]) for key in UNIT_KEYS if key in attributes), "")
    for key in SIZE_KEYS:
        if key in attributes:
            named = "um" if key.endswith("_um") else unit
            return _pair(attributes[key]), named, key
        for suffix in SUFFIXES:
            if f"{key}_{suffix}" in attributes:
                return _pair(attributes[f"{key}_{suffix}"]), suffix, f"{key}_{suffix}"
    return None


def _pair(value):
    """(y, x): an attribute of several numbers is in the order of the array's axes."""
    numbers = np.ravel(value) if not isinstance(value, str | bytes) else [_text(value)]
    return (numbers[-2], numbers[-1]) if len(numbers) > 1 else (numbers[0], numbers[0])


def _text(value):
    value = value[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
