"""What a client may write into a particle: checked, and brought onto the frame."""

import math

from django.core.exceptions import ValidationError

from annotations.outline import outline_box
from annotations.services.projection import moved_outline

MIN_SIDE_PX = 1.0
OVERHANG_PX = 1.0  # a box this far over the frame's edge is cut to it; further out it is refused
MAX_OUTLINE_POINTS = 2000
BOX = ("x", "y", "width", "height")


def checked_fields(*, fields, particle, frame, class_ids) -> dict:
    """The fields of an edit as they will be stored; `particle` is None where a box is added.

    Raises
    ------
    ValidationError
        In one sentence, if a value is no number, the box is off the frame, or the class not the project's.
    """
    stored = {}
    if "label_class" in fields:
        chosen = fields["label_class"]
        is_known = chosen is None or (type(chosen) is int and chosen in class_ids)
        if not is_known:
            raise ValidationError("This class is not one of the project's; reload the page and choose again.")
        stored["label_class"] = chosen
    if fields.get("outline") is not None:
        outline = _checked_outline(fields["outline"], frame)
        stored |= dict(zip(BOX, outline_box(outline), strict=True), outline=outline)
        _check_size(stored)
    elif any(name in fields for name in BOX):
        stored |= _checked_box(fields, particle, frame)
        if particle is not None:
            stored["outline"] = moved_outline(particle, stored)
    elif "outline" in fields:  # null: only the box stays
        stored["outline"] = None
    if particle is None and "x" not in stored:
        raise ValidationError("A new box needs x, y, width and height, or an outline.")
    return stored


def _checked_box(fields, particle, frame):
    base = {name: getattr(particle, name) for name in BOX} if particle else {}
    box = {**base, **{name: fields[name] for name in BOX if name in fields}}
    if len(box) < len(BOX):
        raise ValidationError("A new box needs x, y, width and height.")
    for name, value in box.items():
        box[name] = _number(value, name)
    _check_size(box)
    left, top = box["x"], box["y"]
    right, bottom = left + box["width"], top + box["height"]
    overhang = max(-left, -top, right - frame.width_px, bottom - frame.height_px)
    if overhang > OVERHANG_PX:
        raise ValidationError(
            f"The box reaches {overhang:.0f} px over the frame's edge; "
            f"draw it within {frame.width_px} × {frame.height_px} px."
        )
    if overhang > 0:
        is_moved = base and (box["width"], box["height"]) == (base["width"], base["height"])
        if is_moved and box["width"] <= frame.width_px and box["height"] <= frame.height_px:
            box["x"] = min(max(left, 0.0), frame.width_px - box["width"])
            box["y"] = min(max(top, 0.0), frame.height_px - box["height"])
        else:
            box["x"], box["y"] = max(left, 0.0), max(top, 0.0)
            box["width"] = min(right, float(frame.width_px)) - box["x"]
            box["height"] = min(bottom, float(frame.height_px)) - box["y"]
    return box


def _check_size(box):
    if min(box["width"], box["height"]) < MIN_SIDE_PX:
        raise ValidationError(f"A box needs sides of {MIN_SIDE_PX:g} px or more; draw it larger.")


def _checked_outline(outline, frame):
    is_list = isinstance(outline, list) and 3 <= len(outline) <= MAX_OUTLINE_POINTS
    if not is_list or not all(isinstance(point, list) and len(point) == 2 for point in outline):
        raise ValidationError(f"An outline is a list of 3 to {MAX_OUTLINE_POINTS} points [x, y].")
    points = [[_number(x, "x"), _number(y, "y")] for x, y in outline]
    limits = (frame.width_px + OVERHANG_PX, frame.height_px + OVERHANG_PX)
    if any(not (-OVERHANG_PX <= x <= limits[0] and -OVERHANG_PX <= y <= limits[1]) for x, y in points):
        raise ValidationError("The outline leaves the frame; draw it within the image.")
    return [[min(max(x, 0.0), float(frame.width_px)), min(max(y, 0.0), float(frame.height_px))]
            for x, y in points]  # fmt: skip


def _number(value, name):
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValidationError(f"{name} must be a number, got {str(value)[:40]!r}.")
    return float(value)
