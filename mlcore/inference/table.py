"""What was found on one frame as a CSV table, written whole or not at all."""

import csv
import os
import tempfile
from pathlib import Path

HEADER = [
    "x", "y", "width", "height", "label", "confidence", "diameter_nm", "aspect_ratio", "roundness",
]  # fmt: skip


def rows(detections, measured):
    """One row a detection: pixels from the top-left corner; empty what may not be given."""
    for detection, size in zip(detections, measured, strict=True):
        box = [f"{value:.2f}" for value in detection.box]
        shape = [_text(size.ecd_nm, ".5g"), _text(size.aspect_ratio, ".4f"), _text(size.roundness, ".4f")]
        yield [*box, detection.label, f"{detection.confidence:.4f}", *shape]


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
