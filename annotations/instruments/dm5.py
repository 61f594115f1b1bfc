"""Gatan DigitalMicrograph 5 (HDF5), which no library reads: the same tree of tags as DM4, in groups."""

import h5py

from annotations.instruments import rosetta
from annotations.instruments.recording import Refusal

READER = "h5py (DM5)"


def read(path, name, limits):
    file = h5py.File(path, "r")  # stays open: frames are read from it later
    found = [_signal(group) for group in _images(file)]
    if not found:
        raise Refusal(f"“{name}” holds no image.")
    return rosetta.recording_of(found, reader=READER, name=name, limits=limits, keep=file)


def _images(file):
    """Images that a document or an image source shows; the others are thumbnails."""
    groups = [group for group in file["ImageList"].values() if "ImageData/Data" in group]
    thumbnails = {
        int(item.attrs["ImageIndex"])
        for item in file.get("Thumbnails", {}).values()
        if "ImageIndex" in item.attrs
    }
    numbered = [(int(group.name.rsplit("[", 1)[1].rstrip("]")), group) for group in groups]
    return [group for number, group in sorted(numbered) if number not in thumbnails]


def _signal(group):
    data = group["ImageData/Data"]
    tags = {key: _tree(item) for key, item in group.items() if key == "ImageTags"}
    is_spectral = _text(_deep(tags, "ImageTags", "Meta Data", "Format")).startswith("Spectrum")
    signal_type = _text(_deep(tags, "ImageTags", "Meta Data", "Signal"))
    calibrations = group.get("ImageData/Calibrations/Dimension", {})
    axes = []
    for place in range(data.ndim):
        # Dimensions are counted from the fastest, which is the array's last.
        entry = calibrations.get(f"[{data.ndim - 1 - place}]")
        attributes = dict(entry.attrs) if entry is not None else {}
        axes.append(
            {
                "scale": float(attributes.get("Scale", 1.0)),
                "units": _text(attributes.get("Units", "")),
                "size": data.shape[place],
                "navigate": _is_navigation(place, data.ndim, is_spectral or bool(signal_type)),
            }
        )
    name = _text(group.attrs.get("Name", "")).strip("/")
    return {
        "data": data,
        "axes": axes,
        "metadata": {"General": {"title": name}, "Signal": {"signal_type": signal_type}},
        "original_metadata": tags,
    }


def _is_navigation(place, n_dims, is_spectral):
    """Spectra have one axis of their own: the first of an image of them, as in DM4, or the last."""
    return place < n_dims - (1 if is_spectral else 2)


def _tree(item, depth=10):
    if isinstance(item, h5py.Dataset):
        return _text(item[()]) if item.size <= 1 else f"array of shape {item.shape}"
    tree = dict(item.attrs)
    if depth:
        tree |= {key: _tree(child, depth - 1) for key, child in item.items()}
    return tree


def _deep(tree, *path):
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return "" if tree is None else tree


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
