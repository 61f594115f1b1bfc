"""Do the readers of one file agree on its pixel size?

Two readers of the same tag differ by rounding only: most instruments write float32 (relative step 6e-8) or
decimal text of five or more digits. A difference above `TOLERANCE` therefore means that they read different
things, or that the file contradicts itself; a magnification step, a binning or a unit taken wrongly is a
factor of 1.1 at least. The tolerance is also far below the 0.5 % of a good calibration standard
(docs/measurements.md), so that what is called agreement can never move a result.
"""

from dataclasses import dataclass

TOLERANCE = 1e-3  # relative; per axis


@dataclass(frozen=True, kw_only=True)
class PixelSizeReading:
    """What one reader says of the pixel size, nm per pixel.

    `frame_index` is None where it holds for every frame. `is_second` marks the cross-check, not the first.
    `rounding` is half a unit of the last digit, relative, where the file gives a number of few digits.
    """

    reader: str
    x_nm: float
    y_nm: float
    detail: str = ""
    frame_index: int | None = None
    is_second: bool = False
    rounding: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """`pixel_size_nm` is (x, y) or None; `conflict` is a sentence where readings disagree."""

    pixel_size_nm: tuple[float, float] | None = None
    conflict: str = ""
    warning: str = ""


def relative_difference(a, b):
    """|a - b| / max(|a|, |b|), in [0, 1] for two positive numbers."""
    return abs(a - b) / max(abs(a), abs(b))


def agree(readings) -> Agreement:
    """Judge the readings that speak of one frame.

    Returns
    -------
    Agreement
        Nothing without a reading; the first reading's pixel size where all lie within `TOLERANCE` of it in x
        and in y; else a conflict. A pixel that is not square is allowed and warned of.
    """
    if not readings:
        return Agreement()
    first = readings[0]
    for other in readings[1:]:
        worst = max(relative_difference(first.x_nm, other.x_nm), relative_difference(first.y_nm, other.y_nm))
        if worst > TOLERANCE + first.rounding + other.rounding:
            return Agreement(
                conflict=f"{first.reader} reads {size_text(first)} ({first.detail}) but {other.reader} reads "
                f"{size_text(other)} ({other.detail}); nothing is sized until someone chooses."
            )
    warning = ""
    if relative_difference(first.x_nm, first.y_nm) > TOLERANCE:
        warning = f"The pixels are not square: {first.x_nm:.6g} nm wide and {first.y_nm:.6g} nm high."
    return Agreement(pixel_size_nm=(first.x_nm, first.y_nm), warning=warning)


def size_text(reading):
    """The reading as people write it: one number where the pixels are square."""
    if relative_difference(reading.x_nm, reading.y_nm) <= TOLERANCE:
        return f"{reading.x_nm:.6g} nm/px"
    return f"{reading.x_nm:.6g} × {reading.y_nm:.6g} nm/px"
