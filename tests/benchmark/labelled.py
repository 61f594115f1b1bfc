"""The labelled micrographs that the engine is measured on, wherever they are kept on this machine.

`ETEM_TEST_DATA` names the folder; each set is described, with source and licence, in its README.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotations.outline import polygon_area
from mlcore.data.labelled import read_labelled

ROOT = Path(os.environ.get("ETEM_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
SLIVER_PX2 = 20.0  # what the frame's edge leaves of a particle and is smaller counts neither for nor against


@dataclass(frozen=True)
class Labelled:
    """One micrograph with its true boxes (T, 4) as x, y, width, height."""

    name: str
    image: np.ndarray
    boxes: np.ndarray


def boxes_of(found):
    """Boxes (D, 4) of detections."""
    return np.array([one.box for one in found], dtype=float).reshape(-1, 4)


def is_sliver(boxes, shape):
    """Whether boxes (K, 4) touch the frame's edge with less than SLIVER_PX2 of area, taken as ellipses."""
    x, y, width, height = np.asarray(boxes, dtype=float).reshape(-1, 4).T
    touches = (np.minimum(x, y) <= 0.5) | (x + width >= shape[1] - 0.5) | (y + height >= shape[0] - 0.5)
    return touches & (np.pi / 4 * width * height < SLIVER_PX2)


def catalysts():
    """Supported metal catalysts, HAADF and bright field; boxes (ArdaGen)."""
    return _frames(ROOT / "ardagen" / "labels")


def in_situ_gold():
    """Bright-field tiles of sintering gold; hand-drawn masks (msa-em). Regions under 20 px2 are left out."""
    return _frames(ROOT / "msa-em" / "labels")


def defect_loops():
    """Bright-field frames of irradiated alloy with defect loops; loose COCO polygons (creme)."""
    for path in sorted((ROOT / "creme").rglob("*.json")):
        yield from _frames(path)


def _frames(path):
    """None where the set is not on this machine."""
    for one in read_labelled(path) if path.exists() else ():
        area = np.array([np.inf if outline is None else polygon_area(outline) for outline in one.outlines])
        yield Labelled(one.name, one.image(), one.boxes[area >= SLIVER_PX2])


SETS = {
    "catalysts (ardagen)": catalysts,
    "in-situ gold (msa-em)": in_situ_gold,
    "defect loops (creme)": defect_loops,
}
