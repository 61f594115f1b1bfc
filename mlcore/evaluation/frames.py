"""Truth and predictions of frames, whatever files they come in."""

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from annotations.shape import measure_many
from mlcore.data.labelled import SIZES, read_labelled


@dataclass(frozen=True)
class Frame:
    """Particles of one frame, true or found; arrays of one length. NaN where a number is not known.

    `boxes` are (K, 4), x, y, width, height in pixels. `is_ignored` marks true particles that are neither a
    miss nor a hit, `is_truncated` those that the frame cuts: found, but not sized. `bounds` are the 90 %
    intervals of found sizes.
    """

    name: str
    boxes: np.ndarray
    confidence: np.ndarray
    sizes: dict = field(default_factory=dict)  # name of SIZES -> (K,)
    is_ignored: np.ndarray | None = None
    is_truncated: np.ndarray | None = None
    bounds: dict = field(default_factory=dict)  # name of SIZES -> (K, 2), low and high

    def __len__(self):
        return len(self.boxes)

    def surer_than(self, least):
        """The particles of at least this confidence."""
        keep = self.confidence >= least
        return Frame(
            self.name, self.boxes[keep], self.confidence[keep],
            {key: values[keep] for key, values in self.sizes.items()},
            self.is_ignored[keep], self.is_truncated[keep],
            {key: values[keep] for key, values in self.bounds.items()},
        )  # fmt: skip


def make_frame(name, boxes, *, confidence=None, sizes=None, is_ignored=None, is_truncated=None, bounds=None):
    """A Frame with what is missing filled in."""
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    n = len(boxes)
    return Frame(
        name,
        boxes,
        np.ones(n) if confidence is None else np.asarray(confidence, float),
        {key: np.asarray((sizes or {}).get(key, np.full(n, np.nan)), float) for key in SIZES},
        np.zeros(n, bool) if is_ignored is None else np.asarray(is_ignored, bool),
        np.zeros(n, bool) if is_truncated is None else np.asarray(is_truncated, bool),
        {
            key: np.asarray((bounds or {}).get(key, np.full((n, 2), np.nan)), float).reshape(n, 2)
            for key in SIZES
        },
    )


def read_predictions(folder):
    """Frames by stem of the tables that `manage.py detect` wrote into a folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"The predictions “{folder}” are no folder; name the one that detect --out wrote.")
    frames = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        try:
            boxes = [[float(row[key]) for key in ("x", "y", "width", "height")] for row in rows]
            columns = {key: [_number(row[name]) for row in rows] for key, name in _COLUMNS.items()}
            bounds = {
                key: [[_number(row.get(name)) for name in names] for row in rows]
                for key, names in _BOUNDS.items()
            }
        except (KeyError, ValueError, TypeError):
            raise ValueError(
                f"“{path.name}” is no table of detect: x, y, width, height … as numbers."
            ) from None
        confidence = columns.pop("confidence")
        frames[path.stem] = make_frame(path.stem, boxes, confidence=confidence, sizes=columns, bounds=bounds)
    if not frames:
        raise ValueError(f"The folder “{folder}” holds no CSV file; name the one that detect --out wrote.")
    return frames


_COLUMNS = {
    "confidence": "confidence", "ecd_nm": "diameter_nm", "aspect_ratio": "aspect_ratio",
    "roundness": "roundness",
}  # fmt: skip
# Tables of engines that give no intervals, and older ones, do not have these.
_BOUNDS = {
    "ecd_nm": ("diameter_low_nm", "diameter_high_nm"),
    "aspect_ratio": ("aspect_ratio_low", "aspect_ratio_high"),
    "roundness": ("roundness_low", "roundness_high"),
}


def read_truth(path, pixel_size_nm=None):
    """Frames by stem from a COCO JSON file, a folder of YOLO labels beside images, or one of label masks.

    `pixel_size_nm` gives masks and polygons their sizes where the file itself gives none.
    """
    return {one.name: _true_frame(one, pixel_size_nm) for one in read_labelled(path)}


def _true_frame(labelled, pixel_size_nm):
    sizes = {key: values.copy() for key, values in labelled.sizes.items()}
    for k, outline in enumerate(labelled.outlines):
        if outline is None or not all(np.isnan(sizes[key][k]) for key in SIZES):
            continue
        try:
            one = measure_many([outline], labelled.size_px, labelled.pixel_size_nm or pixel_size_nm)[0]
        except ValueError:
            continue  # a line or a point has a box, but no size
        for key in SIZES:
            value = getattr(one, key)
            sizes[key][k] = math.nan if value is None else value
    return make_frame(
        labelled.name, labelled.boxes, sizes=sizes,
        is_ignored=labelled.is_ignored, is_truncated=labelled.is_truncated,
    )  # fmt: skip


def _number(text):
    return math.nan if text in (None, "") else float(text)
