"""The truth of one frozen frame as JSON, and what is made of it: an example to learn from, a frame to score.

`truth` is a list of particles, each a dict: `bbox` x, y, width, height in pixels and `kind` of KINDS always;
`outline` [[x, y], …] where one was drawn; `class` as people call it; `is_ignored`, `is_truncated`; `ecd_nm`,
`ecd_px`, `aspect_ratio`, `roundness` where known. All of it was rounded before it was hashed.
"""

import hashlib
import json
import math

import numpy as np

from annotations.outline import polygon_area
from annotations.shape import measure_many, touches_border
from mlcore.data.examples import KINDS, Example
from mlcore.data.labelled import SIZES
from mlcore.data.sources import MIN_AREA_PX2, MIN_BOX_PX, of_boxes
from mlcore.evaluation.frames import make_frame
from mlcore.simulation.dataset import CATEGORIES

DIGITS = 3  # of positions: a thousandth of a pixel
SIZE_NAMES = ("ecd_px", "ecd_nm", "aspect_ratio", "roundness")


def drawn(particles, size_px, pixel_size_nm):
    """The truth of what people drew, in an order that does not depend on who drew first.

    Parameters
    ----------
    particles : iterable of tuple
        (bbox, outline or None, name of its class or None).
    size_px : tuple
        Width and height of the frame.
    pixel_size_nm : float or tuple, optional
    """
    rows = [_drawn(*one, size_px) for one in particles]
    outlined = [one for one in rows if one["outline"]]
    try:
        shapes = measure_many([np.array(one["outline"]) for one in outlined], size_px, pixel_size_nm)
    except ValueError:  # one of them encloses nothing: none of the others may lose its size
        shapes = [_shape(one["outline"], size_px, pixel_size_nm) for one in outlined]
    for one, shape in zip(outlined, shapes, strict=True):
        one |= {name: _short(getattr(shape, name, None)) for name in SIZE_NAMES}
    return sorted(rows, key=lambda one: json.dumps(one, sort_keys=True))


def simulated(annotations, size_px, pixel_size_nm):
    """The truth of a simulated frame, of its COCO annotations; later ones lie on top, so the order stays."""
    rows = []
    for one in annotations:
        name = CATEGORIES[one["category_id"] - 1]
        outline = np.reshape(one["segmentation"][0], (-1, 2)).round(DIGITS).tolist()
        rows.append(
            {
                "bbox": [round(value, DIGITS) for value in one["bbox"]],
                "outline": outline,
                "class": name,
                "kind": KINDS.index(name),
                "is_ignored": bool(one["ignore"]),
                "is_truncated": bool(one["truncated"]),
                "ecd_px": _short(one["ecd_nm"] / pixel_size_nm),
                **{key: _short(one[key]) for key in SIZES},
            }
        )
    return rows


def example_of(name, image, truth, specimen, pixel_size_nm=None):
    """A frame to learn from: outlines where there are some, what can be trusted of boxes, boxes else."""
    with_outline = [one for one in truth if one["outline"]]
    alone = [one["bbox"] for one in truth if not one["outline"]]
    alone = np.array([box for box in alone if min(box[2:]) >= MIN_BOX_PX], float).reshape(-1, 4)
    outlines = [np.array(one["outline"], float) for one in with_outline]
    kinds = [one["kind"] for one in with_outline]
    ignored = [
        one["is_ignored"] or polygon_area(outline) < MIN_AREA_PX2
        for one, outline in zip(with_outline, outlines, strict=True)
    ]
    sizes = [
        [_or_nan(one.get(key)) for key in ("ecd_px", "aspect_ratio", "roundness")] for one in with_outline
    ]
    cut = [one["is_truncated"] for one in with_outline]
    boxes = None
    if len(alone):
        fitted = of_boxes(name, image, alone)
        # Edges that were followed train where things are, not how large: their sizes stay unknown.
        n = len(fitted.outlines)
        outlines = [*fitted.outlines, *outlines]
        kinds, ignored = [*fitted.kinds.tolist(), *kinds], [False] * n + ignored
        sizes, cut = [[math.nan] * 3] * n + sizes, [False] * n + cut
        boxes = fitted.boxes
    return Example(
        name, image, outlines, np.array(kinds, np.int8), np.array(ignored, bool), specimen, pixel_size_nm,
        is_box_only=bool(len(alone)) and not with_outline,
        sizes=np.array(sizes, float).reshape(-1, 3), is_truncated=np.array(cut, bool), boxes=boxes,
    )  # fmt: skip


def true_frame(name, truth):
    """A frame to score against: boxes and outlines as they were drawn, never as they were fitted."""
    return make_frame(
        name,
        [one["bbox"] for one in truth],
        sizes={key: [_or_nan(one.get(key)) for one in truth] for key in SIZES},
        is_ignored=[one["is_ignored"] for one in truth],
        is_truncated=[one["is_truncated"] for one in truth],
    )


def truth_sha256(truth, pixel_size_nm):
    text = json.dumps([truth, pixel_size_nm], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def pixels_sha256(image):
    """Of an image's type, shape and values."""
    seen = hashlib.sha256(f"{image.dtype.str} {image.shape}".encode())
    seen.update(np.ascontiguousarray(image).tobytes())
    return seen.hexdigest()


def dataset_sha256(rows):
    """Of (pixels, truth, split) of all frames, in whatever order they come."""
    lines = sorted(" ".join(row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _drawn(bbox, outline, class_name, size_px):
    bbox = [round(float(value), DIGITS) for value in bbox]
    outline = [[round(float(x), DIGITS), round(float(y), DIGITS)] for x, y in outline] if outline else None
    known = (class_name or "").casefold()
    x, y, width, height = bbox
    corners = outline or [[x, y], [x + width, y + height]]
    return {
        "bbox": bbox,
        "outline": outline,
        "class": class_name,
        "kind": KINDS.index(known) if known in KINDS else 0,
        "is_ignored": False,
        "is_truncated": bool(touches_border(corners, size_px)),
    }


def _shape(outline, size_px, pixel_size_nm):
    try:
        return measure_many([np.array(outline)], size_px, pixel_size_nm)[0]
    except ValueError:
        return None


def _short(value):
    """A number of seven digits; None where there is none: JSON knows no NaN."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.7g}")


def _or_nan(value):
    return math.nan if value is None else float(value)
