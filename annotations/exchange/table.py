"""Particles as CSV: one line each, the unit in every column's name."""

import csv
import io

# name of the column: what it holds (docs/exports.md is checked against this)
COLUMNS = {
    "particle": "id of the particle",
    "acquisition": "name of the file as uploaded",
    "frame_index": "place of the image in the file, from 0",
    "sha256": "of the original file",
    "class": "empty: unclassified",
    "origin": "drawn, accepted (suggestion), imported, suggested",
    "decision": "on suggestions: pending, accepted",
    "confidence": "0 to 1, of an engine",
    "engine": "that suggested it: name, version, hash of its weights",
    "run": "number of the run that suggested it",
    "author": "who drew, accepted or imported it",
    "created_at": "UTC, ISO 8601",
    "x_px": "left edge of the bounding box",
    "y_px": "upper edge of the bounding box",
    "width_px": "of the bounding box",
    "height_px": "of the bounding box",
    "touches_border": "1 where the outline reaches the image's border",
    "area_px2": "of the outline",
    "ecd_px": "2 sqrt(A/pi)",
    "engine_ecd_px_low": "lower end of the engine's 90 % interval of ecd_px",
    "engine_ecd_px_high": "upper end of it",
    "feret_min_px": "smallest caliper width",
    "feret_max_px": "largest caliper width",
    "aspect_ratio_major_minor": "of the ellipse with the same second moments, >= 1",
    "aspect_ratio_feret": "feret_min/feret_max, <= 1",
    "roundness_4A_over_pi_feret_max2": "4A/(pi feret_max^2)",
    "circularity_4piA_over_P2": "4 pi A/P^2",
    "solidity": "A/A_hull",
    "area_nm2": "empty without a calibration, as all in nm",
    "ecd_nm": "2 sqrt(A/pi)",
    "feret_min_nm": "smallest caliper width",
    "feret_max_nm": "largest caliper width",
    "pixel_size_x_nm": "nm per px that the sizes rest on",
    "pixel_size_y_nm": "nm per px that the sizes rest on",
    "calibration": "id of that calibration",
    "calibration_source": "where the pixel size comes from",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_text(text):
    """Text that no spreadsheet takes for a formula: = + - @ tab or return in front get an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def lines(rows, with_header=False):
    """CSV text (RFC 4180) of rows.

    Parameters
    ----------
    rows : iterable of dict
        Values by the names in `COLUMNS`; None is an empty cell. Numbers are written so that reading them
        gives the same double.
    with_header : bool

    Returns
    -------
    str
    """
    out = io.StringIO()
    writer = csv.writer(out)
    if with_header:
        writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return safe_text(value)
    return value  # csv writes repr of a float
