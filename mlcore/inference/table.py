"""What was found on one frame as a CSV table, written whole or not at all."""

import csv
import os
import tempfile
from pathlib import Path

HEADER = [
    "x", "y", "width", "height", "label", "confidence", "diameter_nm", "aspect_ratio", "roundness",
    "diameter_low_nm", "diameter_high_nm", "aspect_ratio_low", "aspect_ratio_high", "roundness_low",
    "roundness_high",
]  # fmt: skip


def rows(detections, measured):
    """One row a detection: pixels from the top-left corner; empty what may not be given.

    Where an engine estimates sizes and shapes these stand in place of the outline's, with their intervals.
    """
    for detection, size in zip(detections, measured, strict=True):
        box = [f"{value:.2f}" for value in detection.box]
        known = sizes_of(detection.estimate, size)
        (diameter, *diameters), (ratio, *ratios), (roundness, *roundnesses) = known
        values = [_text(diameter, ".5g"), _text(ratio, ".4f"), _text(roundness, ".4f")]
        bounds = [_text(value, ".5g") for value in diameters]
        bounds += [_text(value, ".4f") for value in (*ratios, *roundnesses)]
        yield [*box, detection.label, f"{detection.confidence:.4f}", *values, *bounds]


def sizes_of(one, size):
    """Diameter in nm, aspect ratio and roundness, each with its low and high bound; None what is unknown.

    `one` is the engine's estimate or None, `size` what was measured of the outline.
    """
    unknown = (None, None)
    diameter, ratio = (size.ecd_nm, *unknown), (size.aspect_ratio, *unknown)
    roundness = (size.roundness, *unknown)
    if one is None:
        return diameter, ratio, roundness
    if size.ecd_nm is not None:
        factors = one.ecd_factor, one.ecd_factor_low, one.ecd_factor_high
        diameter = tuple(factor * size.ecd_nm for factor in factors)
    # What is too small for the outline's shape to be given is too small for an estimate of it.
    if size.aspect_ratio is not None and one.aspect_ratio is not None:
        ratio = one.aspect_ratio, one.aspect_ratio_low, one.aspect_ratio_high
    if size.roundness is not None and one.roundness is not None:
        roundness = one.roundness, one.roundness_low, one.roundness_high
    return diameter, ratio, roundness


def write_table(path, table):
    """Write HEADER and rows to `path`: under another name first, so that half a table is never seen."""
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(table)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _text(value, form):
    return "" if value is None else format(value, form)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
