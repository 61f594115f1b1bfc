"""COCO JSON, both ways: what it means, checked before anything is made of it.

What COCO has no field for stands beside its own: `sha256`, `frame_index`, `pixel_size_nm` of an image;
`score` (as in COCO's results), `etem_id` and `origin` of an annotation. Other programs pass over them.
COCO asks for a category everywhere, so unclassified particles have one that says of itself that it is none.
"""

import json
from dataclasses import dataclass
from math import isfinite

BYTES_MAX = 64 * 2**20
# Counted in the text, before it is parsed: a small file may stand for very many objects.
BRACKETS_MAX = 2_000_000
VALUES_MAX = 8_000_000
ANNOTATIONS_MAX = 50_000
IMAGES_MAX = 20_000
CLASSES_MAX = 200
POINTS_MAX = 2_000
NAME_MAX, CLASS_NAME_MAX = 255, 60
PIXELS_MAX = 1_000_000  # side of an image: far above any camera, far below where doubles lose digits


class NotCoco(ValueError):  # noqa: N818 - it is said as it reads
    """The file is not what it should be; the message is one sentence for people."""


@dataclass(frozen=True)
class CocoImage:
    key: int | str
    name: str
    width: int
    height: int
    sha256: str | None
    frame_index: int | None


@dataclass(frozen=True)
class CocoAnnotation:
    key: int | str
    image: int | str
    class_name: str | None
    bbox: tuple  # x, y, width, height, px
    outline: list | None  # [[x, y], ...], px
    confidence: float | None
    etem_id: str | None
    is_simplified: bool  # more than one polygon, or a mask: the outline is not all there was


@dataclass(frozen=True)
class CocoFile:
    images: list
    classes: dict  # name to colour or None, in the order of the file
    annotations: list


UNCLASSIFIED = {"id": 0, "name": "unclassified", "supercategory": "", "etem_unclassified": True}


def category_entry(key, *, name, color):
    """A class as COCO has it."""
    return {"id": key, "name": name, "supercategory": "", "color": color}


def image_entry(key, *, name, width, height, sha256, frame_index, pixel_size_nm):
    """An image as COCO has it; `pixel_size_nm` is (x, y) or None."""
    return {
        "id": key,
        "file_name": name,
        "width": width,
        "height": height,
        "sha256": sha256,
        "frame_index": frame_index,
        "pixel_size_nm": list(pixel_size_nm) if pixel_size_nm else None,
    }


def annotation_entry(key, *, image, category, bbox, outline, area, confidence, etem_id, origin):
    """An annotation as COCO has it. Without an outline `segmentation` is empty and the area is the box's."""
    x, y, width, height = (float(value) for value in bbox)
    entry = {
        "id": key,
        "image_id": image,
        "category_id": category,
        "bbox": [x, y, width, height],
        "segmentation": [[float(value) for point in outline for value in point]] if outline else [],
        "area": float(area) if area is not None else width * height,
        "iscrowd": 0,
        "etem_id": etem_id,
        "origin": origin,
    }
    return entry if confidence is None else {**entry, "score": float(confidence)}


def read(raw):
    """Parse and check a COCO file.

    Parameters
    ----------
    raw : bytes

    Returns
    -------
    CocoFile

    Raises
    ------
    NotCoco
        At the first thing wrong, in one sentence that names it.
    """
    whole = _parse(raw)
    if not isinstance(whole, dict) or not all(
        isinstance(whole.get(k), list) for k in ("images", "annotations")
    ):
        raise NotCoco("This is no COCO file: it must be an object with the lists “images” and “annotations”.")
    categories = whole.get("categories", [])
    if not isinstance(categories, list):
        raise NotCoco("“categories” must be a list.")
    _limit(whole["images"], IMAGES_MAX, "images")
    _limit(whole["annotations"], ANNOTATIONS_MAX, "annotations")
    _limit(categories, CLASSES_MAX, "categories")
    names, classes = {}, {}
    for place, entry in enumerate(categories):
        where = f"categories[{place}]"
        key, name = _key(entry, where), _text(entry, "name", where, CLASS_NAME_MAX).strip()
        if not name:
            raise NotCoco(f"{where} has no name.")
        _once(key, names, where)
        names[key] = None if entry.get("etem_unclassified") is True else name
        if names[key]:
            color = entry.get("color")
            classes[name] = color if isinstance(color, str) else None
    images = {}
    for place, entry in enumerate(whole["images"]):
        image = _image(entry, f"images[{place}]")
        _once(image.key, images, f"images[{place}]")
        images[image.key] = image
    annotations, seen = [], set()
    for place, entry in enumerate(whole["annotations"]):
        annotation = _annotation(entry, f"annotations[{place}]", images, names)
        _once(annotation.key, seen, f"annotations[{place}]")
        seen.add(annotation.key)
        annotations.append(annotation)
    return CocoFile(list(images.values()), classes, annotations)


def _parse(raw):
    if len(raw) > BYTES_MAX:
        raise NotCoco(
            f"The file has {len(raw) / 2**20:.0f} MB; at most {BYTES_MAX // 2**20} MB are read at once."
        )
    if raw.count(b"[") + raw.count(b"{") > BRACKETS_MAX or raw.count(b",") > VALUES_MAX:
        raise NotCoco("The file holds more objects than are read at once; split it.")

    def refuse_constant(word):
        raise NotCoco(f"The file holds {word}, which is no number of JSON.")

    try:
        return json.loads(raw, parse_constant=refuse_constant)
    except NotCoco:
        raise
    except RecursionError:
        raise NotCoco("The file is nested too deeply to be a COCO file.") from None
    except ValueError as error:  # also what is not UTF-8, and numbers of thousands of digits
        place = (
            f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise NotCoco(
            f"The file is no JSON{place}: it may be cut short or changed; export it again as COCO JSON."
        ) from None


def _image(entry, where):
    key = _key(entry, where)
    sha256, index = entry.get("sha256"), entry.get("frame_index")
    if sha256 is not None and not (isinstance(sha256, str) and len(sha256) == 64):
        raise NotCoco(f"{where}: “sha256” must be 64 hexadecimal digits.")
    if index is not None and not (type(index) is int and 0 <= index <= PIXELS_MAX):
        raise NotCoco(f"{where}: “frame_index” must be a whole number from 0.")
    sides = []
    for side in ("width", "height"):
        value = entry.get(side)
        if not (type(value) is int and 1 <= value <= PIXELS_MAX):
            raise NotCoco(f"{where}: “{side}” must be a whole number of pixels from 1.")
        sides.append(value)
    name = _text(entry, "file_name", where, NAME_MAX)
    return CocoImage(key, name, *sides, sha256.lower() if sha256 else None, index)


def _annotation(entry, where, images, names):
    key = _key(entry, where)
    image = images.get(_hashable(entry.get("image_id")))
    if image is None:
        raise NotCoco(f"{where}: there is no image with the id that its “image_id” names.")
    category = entry.get("category_id")
    if category is not None and _hashable(category) not in names:
        raise NotCoco(f"{where}: there is no category with the id that its “category_id” names.")
    bbox = _numbers(entry.get("bbox"), f"{where}: “bbox”")
    if len(bbox) != 4:
        raise NotCoco(f"{where}: “bbox” must be [x, y, width, height].")
    x, y, width, height = bbox
    if width <= 0 or height <= 0:
        raise NotCoco(f"{where}: the box is {width:g} × {height:g} px; both sides must be above 0.")
    if x < -1 or y < -1 or x + width > image.width + 1 or y + height > image.height + 1:
        raise NotCoco(f"{where}: the box leaves its image of {image.width} × {image.height} px.")
    score = entry.get("score")
    if score is not None and not (_is_number(score) and 0 <= score <= 1):
        raise NotCoco(f"{where}: “score” must be a number from 0 to 1.")
    etem_id = entry.get("etem_id")
    if etem_id is not None and not (isinstance(etem_id, str) and len(etem_id) <= 64):
        raise NotCoco(f"{where}: “etem_id” must be a short text.")
    outline, is_simplified = _outline(entry.get("segmentation"), where, image)
    return CocoAnnotation(
        key,
        image.key,
        None if category is None else names[category],
        tuple(bbox),
        outline,
        None if score is None else float(score),
        etem_id,
        is_simplified,
    )


def _outline(segmentation, where, image):
    """The largest of an annotation's polygons, and whether that is not all."""
    if not segmentation:
        return None, False
    if isinstance(segmentation, dict):  # a run-length mask
        return None, True
    if not isinstance(segmentation, list):
        raise NotCoco(f"{where}: “segmentation” must be a list of polygons.")
    polygons = []
    for polygon in segmentation:
        flat = _numbers(polygon, f"{where}: a polygon in “segmentation”")
        if len(flat) % 2 or not 6 <= len(flat) <= 2 * POINTS_MAX:
            raise NotCoco(f"{where}: a polygon needs 3 to {POINTS_MAX} points as x, y, x, y, …")
        points = [list(point) for point in zip(flat[::2], flat[1::2], strict=True)]
        if any(not (-1 <= px <= image.width + 1 and -1 <= py <= image.height + 1) for px, py in points):
            raise NotCoco(f"{where}: the outline leaves its image of {image.width} × {image.height} px.")
        if not _area(points):
            raise NotCoco(f"{where}: an outline encloses no area.")
        polygons.append(points)
    return max(polygons, key=_area), len(polygons) > 1


def _area(points):
    following = points[1:] + points[:1]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(points, following, strict=True))) / 2


def _key(entry, where):
    if not isinstance(entry, dict):
        raise NotCoco(f"{where} must be an object.")
    key = _hashable(entry.get("id"))
    if key is None:
        raise NotCoco(f"{where}: “id” must be a whole number or a short text.")
    return key


def _hashable(key):
    is_sound = (type(key) is int and abs(key) < 2**63) or (isinstance(key, str) and len(key) <= NAME_MAX)
    return key if is_sound else None


def _once(key, seen, where):
    if key in seen:
        raise NotCoco(f"{where}: the id {str(key)[:40]} occurs twice.")


def _text(entry, name, where, limit):
    value = entry.get(name)
    if not isinstance(value, str) or len(value) > limit or "\0" in value:
        raise NotCoco(f"{where}: “{name}” must be a text of at most {limit} characters.")
    return value


def _is_number(value):
    return type(value) in (int, float) and abs(value) < 1e15 and isfinite(value)


def _numbers(values, what):
    if not isinstance(values, list) or not all(_is_number(value) for value in values):
        raise NotCoco(f"{what} must be a list of numbers.")
    return [float(value) for value in values]


def _limit(values, most, what):
    if len(values) > most:
        raise NotCoco(f"The file holds {len(values)} {what}; at most {most} are read at once: split it.")
