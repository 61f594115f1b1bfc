"""Labelled frames in the usual formats: COCO JSON, folders of YOLO lines, folders of label masks.

The one reader of them, for training, for scoring and for benchmarks.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from annotations.outline import mask_outline, outline_box, polygon_area
from mlcore.data.examples import KINDS

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")
NOT_LABELS = ("classes", "README")  # texts that lie beside YOLO labels
SIZES = ("ecd_nm", "aspect_ratio", "roundness")
FORMS = ("coco", "yolo", "masks")


@dataclass(frozen=True)
class LabelledFrame:
    """One frame's particles as somebody labelled them; arrays and lists of one length K.

    `boxes` are (K, 4), x, y, width, height in pixels; `outlines` are (V, 2) in pixels or None where only a
    box was drawn; `kinds` index KINDS; `sizes` holds what the file itself states, NaN where it does not.
    `image_path` is None where no image of the frame's name was found.
    """

    name: str
    image_path: Path | None
    size_px: tuple  # width, height
    boxes: np.ndarray
    outlines: list
    kinds: np.ndarray
    is_ignored: np.ndarray
    is_truncated: np.ndarray
    pixel_size_nm: float | None = None
    sizes: dict = field(default_factory=dict)  # name of SIZES -> (K,)

    def image(self):
        """The frame (H, W) in grey levels."""
        return grey(self.image_path)


def grey(path):
    """An image file as an array (H, W): the mean of its colours."""
    image = np.asarray(Image.open(path))
    return image[..., :3].mean(-1).astype(np.float32) if image.ndim == 3 else image


def read_labelled(path, *, form=None, images=None):
    """Yield the labelled frames of a COCO JSON file, or of a folder of YOLO labels or label masks.

    Parameters
    ----------
    form : {"coco", "yolo", "masks"}, optional
        By default what is there decides.
    images : path, optional
        Folder of the images; by default they lie in or beside the labels' folder.

    Yields
    ------
    LabelledFrame

    Raises
    ------
    ValueError
        In one sentence, where the labels cannot be read.
    """
    path = Path(path)
    read = {"coco": _coco, "yolo": _yolo, "masks": _masks}[form or _form_of(path)]
    yield from read(path, images)


def _form_of(path):
    if path.is_file():
        return "coco"
    if not path.is_dir():
        raise ValueError(f"The truth “{path}” does not exist; name a COCO JSON file or a folder.")
    if _files(path, (".txt",)):
        return "yolo"
    if _files(path, IMAGE_SUFFIXES):
        return "masks"
    raise ValueError(f"The folder “{path}” holds neither YOLO labels (.txt) nor label masks (.png, .tif).")


def _files(folder, suffixes):
    """Label files of a folder; those of its subfolders where it has none itself."""
    for found in (folder.glob("*"), folder.rglob("*")):
        files = [one for one in found if one.suffix.lower() in suffixes and one.stem not in NOT_LABELS]
        if files:
            return sorted(files)
    return []


def _images_by_stem(folder, images, prefers_inside=True):
    """Image files by stem; of two of one name rather no mask, then that in the labels' folder or beside."""
    places = [Path(images)] if images else [folder, folder.parent]
    found = {one for place in places for one in place.rglob("*") if one.suffix.lower() in IMAGE_SUFFIXES}

    def rank(path):
        is_mask = path.parent != folder and path.parent.name.lower().startswith(("mask", "label"))
        return not is_mask, path.is_relative_to(folder) == prefers_inside, path

    return {one.stem: one for one in sorted(found, key=rank)}


def _coco(path, images):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        of = {one["id"]: [] for one in content["images"]}
        for one in content["annotations"]:
            of[one["image_id"]].append(one)
        names = {one["id"]: one["name"] for one in content.get("categories", [])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"“{path}” is no COCO file of images and annotations ({error}).") from None
    by_stem = _images_by_stem(path.parent, images)
    for image in content["images"]:
        try:
            yield _coco_frame(image, of[image["id"]], names, by_stem)
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"“{path}” describes an image in no way that COCO knows ({error}).") from None


def _coco_frame(image, annotations, names, by_stem):
    stem = Path(image["file_name"]).stem
    size_px = (image["width"], image["height"])
    outlines = [_largest(one.get("segmentation")) for one in annotations]
    boxes = [
        one["bbox"] if one.get("bbox") or outline is None else outline_box(outline)
        for one, outline in zip(annotations, outlines, strict=True)
    ]
    kinds = [names.get(one.get("category_id")) for one in annotations]
    at_edge = _touches(boxes, size_px)
    return LabelledFrame(
        stem, by_stem.get(stem), size_px, _boxes(boxes), outlines,
        np.array([KINDS.index(one) if one in KINDS else 0 for one in kinds], np.int8),
        np.array([bool(one.get("ignore") or one.get("iscrowd")) for one in annotations], bool),
        np.array([one.get("truncated", edge) for one, edge in zip(annotations, at_edge, strict=True)], bool),
        image.get("pixel_size_nm"),
        {key: np.array([_number(one.get(key)) for one in annotations], float) for key in SIZES},
    )  # fmt: skip


def _largest(polygons):
    """The largest of an annotation's polygons; None without any (run lengths are not read)."""
    if not isinstance(polygons, list) or not polygons:
        return None
    return max((np.reshape(one, (-1, 2)).astype(float) for one in polygons), key=polygon_area)


def _yolo(folder, images):
    by_stem = _images_by_stem(folder, images)
    for path in _files(folder, (".txt",)):
        if path.stem not in by_stem:
            raise ValueError(
                f"“{path.name}” has no image of its name beside it, so its fractions have no size."
            )
        with Image.open(by_stem[path.stem]) as image:
            size_px = image.size
        try:
            lines = [line.split() for line in path.read_text("utf-8").splitlines()]
            boxes = [_yolo_box(words, size_px) for words in lines if words]
        except ValueError:
            raise ValueError(
                f"“{path.name}” is no YOLO label file: class, x, y, width, height a line."
            ) from None
        boxes = [one for one in boxes if one[2] > 0 and one[3] > 0]
        yield _plain(path.stem, by_stem[path.stem], size_px, boxes, [None] * len(boxes))


def _yolo_box(words, size_px):
    x, y, width, height = (float(one) for one in words[1:5])
    return (
        (x - width / 2) * size_px[0], (y - height / 2) * size_px[1], width * size_px[0], height * size_px[1],
    )  # fmt: skip


def _masks(folder, images):
    by_stem = _images_by_stem(folder, images, prefers_inside=False)
    pairs = []
    for path in _files(folder, IMAGE_SUFFIXES):
        image = by_stem.get(path.stem.replace("label", "image")) or by_stem.get(path.stem)
        pairs.append((path, None if image == path else image))
    shown = {image for _, image in pairs}
    for path, image in pairs:
        if path in shown:
            continue  # an image that lies among the masks
        labels = label_regions(np.asarray(Image.open(path)))
        boxes, outlines = [], []
        for k, window in enumerate(ndimage.find_objects(labels), start=1):
            if window is None:
                continue
            rows, columns = window
            boxes.append([columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start])
            outlines.append(mask_outline(labels[window] == k) + (columns.start, rows.start))
        name = path.stem if image is None else image.stem
        yield _plain(name, image, labels.shape[::-1], boxes, outlines)


def label_regions(drawn):
    """Region numbers (H, W) of a drawn mask: its own where it has such, parts that hang together otherwise.

    A mask of two levels, or of black and white with few greys between as JPEG leaves them, is no label map.
    """
    if drawn.ndim == 3:
        drawn = drawn[..., :3].max(-1)
    highest = drawn.max(initial=0)
    is_black_or_white = highest == 255 and (drawn == 255).sum() > (drawn > 0).sum() / 2
    if is_black_or_white or len(np.unique(drawn)) <= 2:
        return ndimage.label(drawn > highest / 2)[0]
    return drawn.astype(np.int64)


def _plain(name, image_path, size_px, boxes, outlines):
    n = len(boxes)
    return LabelledFrame(
        name, image_path, size_px, _boxes(boxes), outlines, np.zeros(n, np.int8), np.zeros(n, bool),
        _touches(boxes, size_px), None, {key: np.full(n, np.nan) for key in SIZES},
    )  # fmt: skip


def _boxes(boxes):
    return np.asarray(boxes, float).reshape(-1, 4)


def _touches(boxes, size_px):
    """Which boxes reach the frame's edge, to half a pixel."""
    x, y, width, height = _boxes(boxes).T
    return (np.minimum(x, y) <= 0.5) | (x + width >= size_px[0] - 0.5) | (y + height >= size_px[1] - 0.5)


def _number(text):
    return math.nan if text in (None, "") else float(text)
