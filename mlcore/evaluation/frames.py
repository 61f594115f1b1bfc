"""Truth and predictions of frames, whatever files they come in."""

import csv
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from annotations.shape import measure_many

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")
SIZES = ("ecd_nm", "aspect_ratio", "roundness")


@dataclass(frozen=True)
class Frame:
    """Particles of one frame, true or found; arrays of one length. NaN where a number is not known.

    `boxes` are (K, 4), x, y, width, height in pixels. `is_ignored` marks true particles that are neither a
    miss nor a hit, `is_truncated` those that the frame cuts: found, but not sized.
    """

    name: str
    boxes: np.ndarray
    confidence: np.ndarray
    sizes: dict = field(default_factory=dict)  # name of SIZES -> (K,)
    is_ignored: np.ndarray | None = None
    is_truncated: np.ndarray | None = None

    def __len__(self):
        return len(self.boxes)

    def surer_than(self, least):
        """The particles of at least this confidence."""
        keep = self.confidence >= least
        return Frame(
            self.name, self.boxes[keep], self.confidence[keep],
            {key: values[keep] for key, values in self.sizes.items()},
            self.is_ignored[keep], self.is_truncated[keep],
        )  # fmt: skip


def make_frame(name, boxes, *, confidence=None, sizes=None, is_ignored=None, is_truncated=None):
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
        except (KeyError, ValueError, TypeError):
            raise ValueError(
                f"“{path.name}” is no table of detect: x, y, width, height … as numbers."
            ) from None
        frames[path.stem] = make_frame(path.stem, boxes, confidence=columns.pop("confidence"), sizes=columns)
    if not frames:
        raise ValueError(f"The folder “{folder}” holds no CSV file; name the one that detect --out wrote.")
    return frames


_COLUMNS = {
    "confidence": "confidence", "ecd_nm": "diameter_nm", "aspect_ratio": "aspect_ratio",
    "roundness": "roundness",
}  # fmt: skip


def read_truth(path, pixel_size_nm=None):
    """Frames by stem from a COCO JSON file, a folder of YOLO labels beside images, or one of label masks.

    `pixel_size_nm` gives masks and polygons their sizes where the file itself gives none.
    """
    path = Path(path)
    if path.is_file():
        return _coco(path, pixel_size_nm)
    if not path.is_dir():
        raise ValueError(f"The truth “{path}” does not exist; name a COCO JSON file or a folder.")
    if texts := [one for one in sorted(path.rglob("*.txt")) if one.stem not in ("classes", "README")]:
        return _yolo(path, texts)
    if masks := [one for one in sorted(path.rglob("*")) if one.suffix.lower() in IMAGE_SUFFIXES]:
        return {one.stem: _masks(one, pixel_size_nm) for one in masks}
    raise ValueError(f"The folder “{path}” holds neither YOLO labels (.txt) nor label masks (.png, .tif).")


def _coco(path, pixel_size_nm):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        images = {one["id"]: one for one in content["images"]}
        of = {key: [] for key in images}
        for one in content["annotations"]:
            of[one["image_id"]].append(one)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"“{path}” is no COCO file of images and annotations ({error}).") from None
    return {
        Path(images[key]["file_name"]).stem: _coco_frame(images[key], of[key], pixel_size_nm)
        for key in images
    }


def _coco_frame(image, annotations, pixel_size_nm):
    boxes = [one["bbox"] for one in annotations]
    sizes = {key: [_number(one.get(key)) for one in annotations] for key in SIZES}
    size_nm = image.get("pixel_size_nm") or pixel_size_nm
    limits = (image["width"], image["height"])
    at_edge = [_touches(box, limits) for box in boxes]
    for k, one in enumerate(annotations):
        polygons = one.get("segmentation")
        if (
            math.isnan(sizes["aspect_ratio"][k])
            and "ecd_nm" not in one
            and isinstance(polygons, list)
            and polygons
        ):
            outline = np.reshape(max(polygons, key=len), (-1, 2))
            _measure_into(sizes, k, outline, limits, size_nm)
    return make_frame(
        Path(image["file_name"]).stem, boxes, sizes=sizes,
        is_ignored=[bool(one.get("ignore") or one.get("iscrowd")) for one in annotations],
        is_truncated=[one.get("truncated", edge) for one, edge in zip(annotations, at_edge, strict=True)],
    )  # fmt: skip


def _measure_into(sizes, k, outline, limits, size_nm):
    try:
        one = measure_many([outline], limits, size_nm)[0]
    except ValueError:
        return  # a line or a point has a box, but no size
    for key in SIZES:
        value = getattr(one, key)
        sizes[key][k] = math.nan if value is None else value


def _yolo(folder, texts):
    images = {
        one.stem: one
        for one in [*folder.rglob("*"), *folder.parent.rglob("*")]
        if one.suffix.lower() in IMAGE_SUFFIXES
    }
    frames = {}
    for path in texts:
        if path.stem not in images:
            raise ValueError(
                f"“{path.name}” has no image of its name beside it, so its fractions have no size."
            )
        with Image.open(images[path.stem]) as image:
            width, height = image.size
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        try:
            x, y, w, h = np.array([[float(value) for value in row[1:5]] for row in rows]).reshape(-1, 4).T
        except ValueError:
            raise ValueError(
                f"“{path.name}” is no YOLO label file: class, x, y, width, height a line."
            ) from None
        boxes = np.stack([(x - w / 2) * width, (y - h / 2) * height, w * width, h * height], axis=1)
        boxes = boxes[(boxes[:, 2:] > 0).all(1)]
        edge = [_touches(box, (width, height)) for box in boxes]
        frames[path.stem] = make_frame(path.stem, boxes, is_truncated=edge)
    return frames


def _masks(path, pixel_size_nm):
    from annotations.outline import mask_outline

    labels = np.asarray(Image.open(path))
    if labels.ndim == 3:
        labels = labels[..., :3].max(-1)
    if len(np.unique(labels)) <= 2:
        labels, _ = ndimage.label(labels > 0)
    boxes, sizes, edge = [], {key: [] for key in SIZES}, []
    limits = labels.shape[::-1]
    for k, window in enumerate(ndimage.find_objects(labels.astype(np.int64)), start=1):
        if window is None:
            continue
        rows, columns = window
        boxes.append([columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start])
        edge.append(_touches(boxes[-1], limits))
        for key in SIZES:
            sizes[key].append(math.nan)
        outline = mask_outline(labels[window] == k) + (columns.start, rows.start)
        _measure_into(sizes, len(boxes) - 1, outline, limits, pixel_size_nm)
    return make_frame(path.stem, boxes, sizes=sizes, is_truncated=edge)


def _touches(box, limits):
    x, y, width, height = box
    return bool(min(x, y) <= 0.5 or x + width >= limits[0] - 0.5 or y + height >= limits[1] - 0.5)


def _number(text):
    return math.nan if text in (None, "") else float(text)
