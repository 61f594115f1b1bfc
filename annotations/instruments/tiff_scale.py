"""Pixel size and metadata of a TIFF: RosettaSciIO's reading where a vendor signed it, `tiff_vendors`' own.

A plain resolution tag counts only where it cannot be a printer's or a scanner's: 72, 96 or 300 dpi are none.
"""

from dataclasses import replace

import tifffile

from annotations.instruments import axes, tiff_vendors
from annotations.instruments.fields import fields_of, moment, only_known, surroundings
from annotations.instruments.units import PRINT_RESOLUTION_NM

READER = "RosettaSciIO (TIFF)"
GATAN_TAGS = (65003, 65004, 65009, 65010)
# RosettaSciIO 0.15 gives these vendors' x to the height and y to the width; a test holds it to that.
SWAPPED = ("fei", "tvips", "sis")


def metadata(tif):
    page = tif.pages[0]
    return {"tags": {tag.name: tag.value for tag in page.tags if tag.code not in _STRUCTURE}}


def add_readings(recording, path, tif, pages):
    """Add what every reader says of the pixel size, and the searchable fields."""
    vendor = tiff_vendors.vendor_of(pages[0])
    if vendor or tif.is_imagej or any(code in pages[0].tags for code in GATAN_TAGS):
        _add_rosetta(recording, path, tif, vendor)
    found = []
    for place, page in enumerate(pages):
        if place and not tiff_vendors.vendor_of(page):
            continue
        for name, x, y, rounding in tiff_vendors.pixel_sizes(page):
            found.append((place, f"tifffile ({name})", x, y, rounding))
    has_pages = any(place for place, *_ in found)
    readings = []
    for place, reader, x, y, rounding in found:
        verdict = axes.judge(
            x, y, reader=reader, frame_index=place if has_pages else None,
            is_second=bool(recording.readings), rounding=rounding,
        )  # fmt: skip
        readings += verdict.readings
        if verdict.unsizeable_reason:
            recording.unsizeable_frames |= {place: verdict.unsizeable_reason} if has_pages else {}
            recording.unsizeable_reason = "" if has_pages else verdict.unsizeable_reason
        if verdict.note and verdict.note not in recording.notes:
            recording.notes.append(verdict.note)
    if has_pages:
        # RosettaSciIO looks at the first page alone.
        recording.readings = [replace(r, frame_index=0) for r in recording.readings]
    recording.readings += axes.same_for_all(readings, recording.n_frames) if has_pages else readings
    if not recording.readings and not recording.unsizeable_reason:
        recording.readings += _resolution(pages[0])
    _add_fields(recording, pages[0])


def _add_rosetta(recording, path, tif, vendor):
    # Its public function opens the file once more and leaves it open.
    from rsciio.tiff._api import _read_tiff

    try:
        signal = _read_tiff(tif, tif.series[0], str(path), lazy=True)
        named = {axis["name"]: axis for axis in signal["axes"]}
        x, y = named["width"], named["height"]
    except MemoryError:
        raise
    except Exception:
        return
    if vendor in SWAPPED:
        x, y = y, x
    verdict = axes.judge((x["scale"], x["units"]), (y["scale"], y["units"]), reader=READER)
    recording.readings += verdict.readings
    recording.unsizeable_reason = verdict.unsizeable_reason
    recording.fields = fields_of(signal)


def _resolution(page):
    """The plain resolution tags, in px per inch or cm, where they tell of a pixel below 1 um."""
    per_unit = {2: "inch", 3: "cm"}.get(int(page.tags.valueof(296, 2) or 2))
    sizes = [tiff_vendors.per_pixel(page.tags.valueof(code)) for code in (282, 283)]
    if per_unit is None or None in sizes:
        return []
    verdict = axes.judge(
        (sizes[0], per_unit), (sizes[1], per_unit), reader="tifffile", detail="TIFF resolution tags"
    )
    return [r for r in verdict.readings if max(r.x_nm, r.y_nm) <= PRINT_RESOLUTION_NM]


def _add_fields(recording, page):
    tags = {tag.name: tag.value for tag in page.tags if isinstance(tag.value, dict)}
    date = page.tags.valueof(306)
    known = only_known({"acquired_at": moment(date) if isinstance(date, str) else None})
    recording.fields = {**surroundings(tags), **known, **recording.fields}


_STRUCTURE = {
    tifffile.TIFF.TAGS[name]
    for name in (
        "StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts", "ColorMap",
        "JPEGTables", "TransferFunction", "InterColorProfile",
    )
}  # fmt: skip
