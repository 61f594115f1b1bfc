"""TIFF of any instrument, pages one by one; pixel sizes are read by `tiff_scale`."""

import itertools

import numpy as np
import tifffile

from annotations.instruments import pixels, tiff_scale
from annotations.instruments.recording import Recording, Refusal

PHOTOMETRIC_COLOR = {"RGB", "YCBCR"}


def read(path, name, limits):
    with tifffile.TiffFile(path) as tif:
        pages = _image_pages(tif, name, limits)
        first = pages[0]
        planes = _contiguous_planes(tif, first) if len(pages) == 1 else 1
        if planes > 1:
            limits.check_stack(planes, first.imagelength, first.imagewidth)
        recording = Recording(
            frames=_planes(path, first, planes) if planes > 1 else _pages(path, [p.index for p in pages]),
            n_frames=planes if planes > 1 else len(pages),
            reader="tifffile",
            metadata=tiff_scale.metadata(tif),
        )
        recording.notes += _color_notes(pages)
        tiff_scale.add_readings(recording, path, tif, pages)
        return recording


def _image_pages(tif, name, limits):
    """All full-size pages, held to the limits; a chain of pages that bites its tail ends the walk."""
    found, offsets, total = [], set(), 0
    for index in itertools.count():
        try:
            page = tif.pages[index]
        except IndexError:
            break
        if page.offset in offsets:
            raise Refusal(f"“{name}” is damaged: its list of pages runs in a circle.")
        offsets.add(page.offset)
        if index >= limits.frames:
            limits.check_stack(index + 1, page.imagelength, page.imagewidth)
        page = page if isinstance(page, tifffile.TiffPage) else page.aspage()
        if page.is_reduced or page.is_mask:
            continue
        _check_page(page, limits)
        total += page.imagelength * page.imagewidth
        if total > limits.total_pixels:
            raise Refusal(f"“{name}” has more than {limits.total_pixels:,} pixels in all; please split it.")
        found.append(page)
    if not found:
        raise Refusal(f"“{name}” holds no image.")
    return found


def _check_page(page, limits):
    limits.check_frame(page.imagelength, page.imagewidth)
    if page.dtype is None:
        raise Refusal(f"The file has {page.bitspersample}-bit pixels of a kind that is not read here.")
    pixels.check_dtype(page.dtype)
    if page.imagedepth > 1:
        raise Refusal("The TIFF keeps a volume in one page; please export it as a stack of pages.")
    if page.samplesperpixel > 4:
        raise Refusal(
            f"Each pixel has {page.samplesperpixel} values: a spectrum image, not an image; "
            "export the map or sum that you want to measure."
        )


def _contiguous_planes(tif, page):
    """ImageJ and others keep a stack behind one page: how many planes lie there, one after the other."""
    series = tif.series[0]
    if series.size <= page.size or series.dataoffset is None or page.samplesperpixel != 1:
        return 1
    planes = series.size // page.size
    if series.dataoffset + planes * page.size * page.dtype.itemsize > tif.filehandle.size:
        raise Refusal(f"The file promises {planes} planes but ends before the last; please copy it again.")
    return planes


def _planes(path, page, planes):
    stack = np.memmap(
        path,
        page.parent.byteorder + page.dtype.char,
        "r",
        page.dataoffsets[0],
        (planes, page.imagelength, page.imagewidth),
    )
    yield from stack


def _pages(path, indexes):
    with tifffile.TiffFile(path) as tif:
        for index in indexes:
            page = tif.pages[index]
            yield _one_channel(page if isinstance(page, tifffile.TiffPage) else page.aspage())


def _one_channel(page):
    image = page.asarray(maxworkers=1)
    if page.photometric.name == "PALETTE":
        # The map has 16-bit entries, (3, 256) or (3, 65536).
        return pixels.luminance(np.moveaxis(page.colormap[:, image], 0, -1))
    if page.samplesperpixel > 1:
        channels = np.moveaxis(image, 0, -1) if page.planarconfig.name == "SEPARATE" else image
        if page.photometric.name in PHOTOMETRIC_COLOR and channels.shape[-1] >= 3:
            return pixels.luminance(channels)
        return channels[..., 0]
    if page.photometric.name == "MINISWHITE":
        return ~image if image.dtype.kind in "bu" else -image
    return image


def _color_notes(pages):
    names = {page.photometric.name for page in pages}
    notes = []
    if names & {*PHOTOMETRIC_COLOR, "PALETTE"}:
        notes.append(pixels.COLOR_NOTE)
    if "MINISWHITE" in names:
        notes.append("The file counts from white to black; its values were turned round.")
    if any(page.samplesperpixel in (2, 3, 4) and page.photometric.name == "MINISBLACK" for page in pages):
        notes.append("Each pixel has several channels; the first was taken.")
    return notes
