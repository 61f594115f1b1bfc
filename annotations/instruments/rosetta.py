"""RosettaSciIO's signals to a Recording: which of them are images, their frames, axes and metadata."""

import importlib
from dataclasses import replace

import numpy as np

from annotations.instruments import axes as pixel_axes
from annotations.instruments import pixels
from annotations.instruments.fields import fields_of
from annotations.instruments.recording import Recording, Refusal

ENERGY_UNITS = {"ev", "kev", "mev", "energy"}
SPECTRA = ("EELS", "EDS", "CL", "XPS", "Raman")


def signals(plugin, path, **options):
    """What RosettaSciIO finds, without reading the pixels."""
    return importlib.import_module(f"rsciio.{plugin}").file_reader(str(path), lazy=True, **options)


def recording_of(found, *, reader, name, limits, keep=None):
    """The images among `found` as the frames of one recording.

    Parameters
    ----------
    found : list of dict
        RosettaSciIO's signals.
    keep : object, optional
        Kept alive as long as the frames are, e.g. a folder they are read from.

    Raises
    ------
    Refusal
        If none of them is an image.
    """
    reasons = [why_no_image(signal) for signal in found]
    images = [signal for signal, reason in zip(found, reasons, strict=True) if not reason]
    if not images:
        raise Refusal(f"“{name}” {reasons[0] if reasons else 'holds no image.'}")
    shapes = [_stack_shape(signal) for signal in images]
    n_frames = sum(shape[0] for shape in shapes)
    for shape in shapes:
        limits.check_stack(*shape)
    limits.check_stack(n_frames, 1, 1)
    recording = Recording(
        frames=_frames(images, keep),
        n_frames=n_frames,
        reader=reader,
        metadata={"signals": [_metadata(signal) for signal in images]},
        fields=fields_of(images[0]),
    )
    if any(reasons):
        left_out = sum(map(bool, reasons))
        recording.notes.append(f"{left_out} of {len(found)} data sets in the file are no images; left out.")
    if any(_is_color(signal) for signal in images):
        recording.notes.append(pixels.COLOR_NOTE)
    _add_axes(recording, images, shapes, reader)
    return recording


def why_no_image(signal):
    """Why a signal is no image, as the end of a sentence that began with the file's name; else empty."""
    kinds = _ordered_axes(signal)
    n_signal = sum(not axis.get("navigate", False) for axis in kinds)
    n_dims = len(signal["data"].shape)
    kind = signal.get("metadata", {}).get("Signal", {}).get("signal_type") or ""
    has_energy = any(str(axis.get("units") or "").strip().lower() in ENERGY_UNITS for axis in kinds)
    is_spectral = has_energy or kind.startswith(SPECTRA)
    if n_dims <= 1 or (n_dims == 2 and n_signal == 1):
        what = "a spectrum" if is_spectral else "a line of values"
        return f"is {what}, not an image; upload the micrograph it was taken from."
    if n_dims >= 4:
        what = f"{n_dims}-dimensional data (a pattern at each scan point)"
        return f"has {what}, not an image; export a virtual image."
    if is_spectral or n_signal != 2:
        return "is a spectrum image, not an image; export a map or the survey image of it."
    if signal["data"].dtype.kind == "c":
        return "holds complex numbers (a Fourier transform or a wave), not an image; export its modulus."
    if 0 in signal["data"].shape:
        return "holds an image without pixels."
    return ""


def _ordered_axes(signal):
    found = signal["axes"]
    if all("index_in_array" in axis for axis in found):
        return sorted(found, key=lambda axis: axis["index_in_array"])
    return list(found)


def _stack_shape(signal):
    shape = signal["data"].shape
    return (1, *shape) if len(shape) == 2 else _stacked(signal).shape[:3]


def _stacked(signal):
    """The data with the frame's rows and columns last."""
    data, places = signal["data"], [axis.get("navigate", False) for axis in _ordered_axes(signal)]
    if data.ndim == 3 and True in places and places.index(True) != 0:
        return np.moveaxis(data, places.index(True), 0)
    return data


def _is_color(signal):
    return signal["data"].dtype.names is not None


def _frames(images, keep):
    import dask

    with dask.config.set(scheduler="synchronous"):
        for signal in images:
            data = _stacked(signal)
            for part in [data] if data.ndim == 2 else data:
                image = np.asarray(part)
                if image.dtype.names:
                    image = pixels.luminance(np.stack([image[c] for c in image.dtype.names[:3]], axis=-1))
                yield image
    del keep


def _add_axes(recording, images, shapes, reader):
    index, readings = 0, []
    for signal, (count, *_) in zip(images, shapes, strict=True):
        y, x = [axis for axis in _ordered_axes(signal) if not axis.get("navigate", False)]
        verdict = pixel_axes.judge(
            (x.get("scale"), x.get("units")),
            (y.get("scale"), y.get("units")),
            reader=reader,
            frame_index=None if len(images) == 1 else index,
        )
        if verdict.note and verdict.note not in recording.notes:
            recording.notes.append(verdict.note)
        title = str(signal.get("metadata", {}).get("General", {}).get("title") or "")
        for offset in range(count):
            recording.titles.append(title)
            if verdict.unsizeable_reason:
                recording.unsizeable_frames[index + offset] = verdict.unsizeable_reason
            if len(images) > 1:
                readings += [replace(reading, frame_index=index + offset) for reading in verdict.readings]
        if len(images) == 1:
            readings += verdict.readings
        index += count
    recording.readings = pixel_axes.same_for_all(readings, recording.n_frames)


def _metadata(signal):
    told = dict(signal.get("metadata", {}))
    # The name it has on our disk says nothing.
    told["General"] = {k: v for k, v in told.get("General", {}).items() if k != "original_filename"}
    kept = ("scale", "units", "offset", "size", "name", "navigate")
    return {
        "axes": [{key: axis.get(key) for key in kept} for axis in _ordered_axes(signal)],
        "metadata": told,
        "original": signal.get("original_metadata", {}),
    }
