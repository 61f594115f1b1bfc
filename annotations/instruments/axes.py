"""From the scale and unit of an image's two axes to a pixel size, or to why there is none."""

from dataclasses import dataclass, field, replace

from annotations.instruments.agreement import TOLERANCE, PixelSizeReading, relative_difference
from annotations.instruments.units import length_nm, parse_number, unit_of

DIFFRACTION = (
    "The pixels are in reciprocal units: a diffraction pattern or a Fourier transform has no sizes in nm."
)


@dataclass
class Verdict:
    """`note` tells people of a calibration that is there but cannot be used, or that is odd."""

    readings: list[PixelSizeReading] = field(default_factory=list)
    unsizeable_reason: str = ""
    note: str = ""


def judge(x, y, *, reader, detail="", frame_index=None, is_second=False, rounding=0.0) -> Verdict:
    """Judge what one reader says of the two axes of an image.

    Parameters
    ----------
    x, y : tuple of (scale, unit)
        Of a pixel's width and height, as the file has them; a scale may be text, or negative where flipped.
    """
    kinds = {unit_of(x[1]).kind, unit_of(y[1]).kind}
    if "reciprocal" in kinds:
        return Verdict(unsizeable_reason=DIFFRACTION)
    if kinds == {"pixels"}:
        return Verdict()
    if "unknown" in kinds:
        odd = next(str(unit) for _, unit in (x, y) if unit_of(unit).kind == "unknown")
        return Verdict(
            note=f"{reader} finds a pixel size in “{odd}”, a unit not understood; calibrate by hand."
        )
    if "pixels" in kinds:
        return Verdict(note=f"{reader} finds a unit for one axis only; calibrate by hand.")
    sizes = [length_nm(_size(scale), unit) for scale, unit in (x, y)]
    if None in sizes:
        said = f"{_text(x)} × {_text(y)}"
        return Verdict(note=f"{reader} finds a pixel of {said}, which cannot be true; calibrate by hand.")
    make = _maker(reader, frame_index, is_second, rounding)
    first = make(sizes[0], sizes[1], detail or f"{_text(x)} × {_text(y)}")
    note = ""
    if any((parse_number(scale) or 0) < 0 for scale, _ in (x, y)):
        said = f"{_text(x)} × {_text(y)}"
        note = f"{reader} finds a negative pixel size, {said}; it is used without its sign: please check it."
    if unit_of(x[1]).nm == unit_of(y[1]).nm or relative_difference(*sizes) <= TOLERANCE:
        return Verdict(readings=[first], note=note)
    # 1 nm by 2 Å: one of the units is likely wrong, and nobody but a person can tell which.
    return Verdict(
        readings=[
            first,
            make(sizes[0], sizes[0], f"if x ({_text(x)}) holds for both axes"),
            make(sizes[1], sizes[1], f"if y ({_text(y)}) holds for both axes"),
        ],
        note=note,
    )


def _maker(reader, frame_index, is_second, rounding=0.0):
    def make(x_nm, y_nm, detail):
        return PixelSizeReading(
            reader=reader,
            x_nm=x_nm,
            y_nm=y_nm,
            detail=detail,
            frame_index=frame_index,
            is_second=is_second,
            rounding=rounding,
        )

    return make


def _size(scale):
    value = parse_number(scale)
    return abs(value) if value is not None else float("nan")


def _text(axis):
    value = parse_number(axis[0])
    unit = axis[1].decode("utf-8", "replace") if isinstance(axis[1], bytes) else axis[1]
    return f"{axis[0] if value is None else format(value, '.8g')} {str(unit or 'px').strip()}"


def same_for_all(readings, n_frames):
    """Readings of every frame of one file that say the same become one that holds for all."""
    by_reader = {}
    for reading in readings:
        by_reader.setdefault((reading.reader, reading.is_second), []).append(reading)
    merged = []
    for group in by_reader.values():
        sizes = {(reading.x_nm, reading.y_nm) for reading in group}
        if len(sizes) == 1 and len(group) == n_frames and group[0].frame_index is not None:
            first = group[0]
            merged.append(replace(first, frame_index=None))
        else:
            merged += group
    return merged
