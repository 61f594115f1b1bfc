"""EMD of Velox and of Berkeley (NCEM): RosettaSciIO first, what h5py finds in the file as the cross-check."""

import json

import h5py

from annotations.instruments import axes, rosetta
from annotations.instruments.recording import Refusal

READER, SECOND = "RosettaSciIO (EMD)", "h5py (EMD)"


def is_emd(file):
    return _is_velox(file) or _is_berkeley(file)


def read(path, name, limits):
    with h5py.File(path, "r") as file:
        is_velox = _is_velox(file)
        if is_velox and ({"SpectrumStream", "SpectrumImage"} & set(file["Data"])):
            raise Refusal(
                f"“{name}” is a spectrum image, not an image; in Velox, export its survey image on its own."
            )
        if is_velox and "Image" not in file["Data"]:
            raise Refusal(f"“{name}” is a spectrum, not an image; upload the micrograph it was taken from.")
        _check_shapes(file, name, limits)
        try:
            found = rosetta.signals("emd", path)
        except MemoryError:
            raise
        except Exception:
            return _by_h5py(path, is_velox, name, limits)
        if not is_velox:
            found = [_upright(signal) for signal in found]
        recording = rosetta.recording_of(found, reader=READER, name=name, limits=limits)
        recording.readings += (
            _velox_readings(file, recording) if is_velox else _berkeley_readings(file, recording)
        )
    return recording


def _is_velox(file):
    if "Version" not in file or "Data" not in file or not isinstance(file["Version"], h5py.Dataset):
        return False
    try:
        return json.loads(file["Version"][0])["format"] in {"Velox", "DevelopersKit"}
    except (ValueError, KeyError, TypeError, IndexError):
        return False


def _is_berkeley(file):
    return "version_major" in file.attrs or any(True for _ in _berkeley_groups(file))


def _check_shapes(file, name, limits):
    """Before anything is read: every image's size, since RosettaSciIO may load what is small in chunks."""
    for data in _image_data(file):
        if 2 <= data.ndim <= 3:
            shape = data.shape
            height, width = shape[:2] if _is_velox(file) else shape[-2:]
            count = 1 if data.ndim == 2 else shape[2] if _is_velox(file) else shape[0]
            limits.check_stack(count, height, width)


def _image_data(file):
    if _is_velox(file):
        for group in file["Data/Image"].values():
            if "Data" in group:
                yield group["Data"]
    else:
        for group in _berkeley_groups(file):
            if isinstance(group.get("data"), h5py.Dataset):
                yield group["data"]


def _berkeley_groups(file, depth=4):
    for item in file.values():
        if isinstance(item, h5py.Group):
            if item.attrs.get("emd_group_type") == 1:
                yield item
            elif depth:
                yield from _berkeley_groups(item, depth - 1)


def _by_h5py(path, is_velox, name, limits):
    """The images alone, with the pixel size that h5py finds, where RosettaSciIO cannot open the file."""
    import dask.array

    file = h5py.File(path, "r")  # stays open: frames are read from it later
    found = []
    for data in _image_data(file):
        if data.dtype.names or not 2 <= data.ndim <= 3:
            continue
        chunk = (*data.shape[:2], 1) if is_velox else (1, *data.shape[1:]) if data.ndim == 3 else data.shape
        lazy = dask.array.from_array(data, chunks=chunk)
        stack = dask.array.moveaxis(lazy, 2, 0) if is_velox else lazy
        navigate = [True] * (stack.ndim - 2) + [False, False]
        axes_found = [{"size": n, "navigate": nav} for n, nav in zip(stack.shape, navigate, strict=True)]
        found.append({"data": stack, "axes": axes_found, "metadata": {}, "original_metadata": {}})
    recording = rosetta.recording_of(found, reader=SECOND, name=name, limits=limits, keep=file)
    recording.readings += (
        _velox_readings(file, recording) if is_velox else _berkeley_readings(file, recording)
    )
    return recording


def _velox_readings(file, recording):
    """The pixel size in the JSON beside each image, frame by frame."""
    readings, index = [], 0
    for group in file["Data/Image"].values():
        data = group["Data"]
        if data.dtype.names:  # a Fourier transform or a vector field: no frame of ours
            continue
        try:
            result = json.loads(bytes(group["Metadata"][:, 0]).split(b"\0", 1)[0])["BinaryResult"]
            size = result["PixelSize"]
            x, y = (size["width"], result["PixelUnitX"]), (size["height"], result["PixelUnitY"])
        except (ValueError, KeyError, TypeError):
            return []
        for place in range(index, index + data.shape[2]):
            verdict = axes.judge(x, y, reader=SECOND, frame_index=place, is_second=True)
            readings += verdict.readings
        index += data.shape[2]
    return axes.same_for_all(readings, recording.n_frames) if index == recording.n_frames else []


def _berkeley_readings(file, recording):
    """Step and unit of x and y of the only image; with several, RosettaSciIO is alone."""
    groups = [group for group in _berkeley_groups(file) if 2 <= group["data"].ndim <= 3]
    if len(groups) != 1:
        return []
    group = groups[0]
    dimensions = [group.get(f"dim{number}") for number in range(1, group["data"].ndim + 1)]
    if any(dimension is None or dimension.size < 2 for dimension in dimensions):
        return []
    named = {_text(dimension.attrs.get("name", "")).lower(): dimension for dimension in dimensions}
    # Without names x is the first dimension, as RosettaSciIO has it.
    found = [named.get("x", dimensions[0]), named.get("y", dimensions[1])]
    steps = [(float(d[1]) - float(d[0]), _text(d.attrs.get("units", "")).strip("[]")) for d in found]
    return axes.judge(*steps, reader=SECOND, is_second=True).readings


def _upright(signal):
    """Rows are y and columns x where the axes have these names: who wrote the file chose their order."""
    found = list(signal["axes"])
    names = [str(axis.get("name")).lower() for axis in found]
    if not {"x", "y"} <= set(names) or len(names) > 3:
        return signal
    order = [place for place, name in enumerate(names) if name not in ("x", "y")]
    order += [names.index("y"), names.index("x")]
    placed = [
        {**found[place], "navigate": names[place] not in ("x", "y"), "index_in_array": new}
        for new, place in enumerate(order)
    ]
    return {**signal, "data": signal["data"].transpose(order), "axes": placed}


def _text(value):
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip()
