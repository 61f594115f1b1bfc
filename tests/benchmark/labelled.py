"""The labelled micrographs that the engine is measured on, wherever they are kept on this machine.

`ETEM_TEST_DATA` names the folder; each set is described, with source and licence, in its README.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.draw import polygon2mask

ROOT = Path(os.environ.get("ETEM_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
SLIVER_PX2 = 20.0  # what the frame's edge leaves of a particle and is smaller counts neither for nor against


@dataclass(frozen=True)
class Labelled:
    """One micrograph with its true boxes (T, 4) as x, y, width, height and, where drawn, a label map."""

    name: str
    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray | None = None


def _grey(path):
    image = np.asarray(Image.open(path))
    return image[..., :3].mean(-1).astype(np.float32) if image.ndim == 3 else image


def _boxes_of(labels):
    found = ndimage.find_objects(labels)
    return np.array(
        [[c.start, r.start, c.stop - c.start, r.stop - r.start] for r, c in found], dtype=float
    ).reshape(-1, 4)


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
    for path in sorted((ROOT / "ardagen" / "images").glob("*.jpg")):
        image = _grey(path)
        height, width = image.shape
        rows = np.loadtxt(ROOT / "ardagen" / "labels" / f"{path.stem}.txt", ndmin=2)[:, 1:]
        x, y, w, h = rows.T * [[width], [height], [width], [height]]
        boxes = np.stack([x - w / 2, y - h / 2, w, h], axis=1)
        yield Labelled(path.stem, image, boxes[(boxes[:, 2:] > 0).all(1)])


def in_situ_gold():
    """Bright-field tiles of sintering gold; hand-drawn masks (msa-em). Regions under 20 px2 are left out."""
    for path in sorted((ROOT / "msa-em" / "images").glob("*.png")):
        mask = _grey(ROOT / "msa-em" / "labels" / path.name.replace("image", "label")) > 127
        labels, _ = ndimage.label(mask)
        labels[np.bincount(labels.ravel())[labels] < 20] = 0
        labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
        yield Labelled(path.stem, _grey(path), _boxes_of(labels), labels)


def defect_loops():
    """Bright-field frames of irradiated alloy with defect loops; loose COCO polygons (creme)."""
    for found in sorted((ROOT / "creme").rglob("*.json")):
        content = json.loads(found.read_text())
        for entry in content["images"]:
            image = _grey(found.parent / "imgs" / entry["file_name"])
            labels = np.zeros(image.shape, dtype=np.int64)
            mine = [a for a in content["annotations"] if a["image_id"] == entry["id"]]
            for k, annotation in enumerate(mine, start=1):
                for flat in annotation["segmentation"]:
                    points = np.reshape(flat, (-1, 2))[:, ::-1]
                    labels[polygon2mask(image.shape, points)] = k
            labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
            yield Labelled(entry["file_name"], image, _boxes_of(labels), labels)


SETS = {
    "catalysts (ardagen)": catalysts,
    "in-situ gold (msa-em)": in_situ_gold,
    "defect loops (creme)": defect_loops,
}
