"""A particle's picture: the image around it with its outline, and a scale bar below, as PNG."""

import io
from math import floor, log2

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from annotations.display import tiles
from annotations.display.pyramid import TILE_PX

SIDE_OUT_PX = 192  # shown at half of it, so that it is sharp on dense screens
CONTEXT = 1.9  # side of the crop over the longer side of the box
STRIP_PX = 32  # below the image, for the scale bar: it covers nothing
SIDE_MIN_PX = 24
CONTRAST_PERCENTS = (0.5, 99.5)
BAR_SHARE = 0.4  # longest scale bar over the side
OUTLINE, INK, STRIP = (255, 176, 0), (255, 255, 255), (0, 0, 0)
NO_IMAGE = 40  # grey beyond the frame's border


def crop_png(path, box, outline=None, pixel_size_nm=None):
    """PNG of a particle from the tile pack of its frame.

    Parameters
    ----------
    path : path-like
        Tile pack.
    box : tuple of float
        x, y, width, height in pixels of the frame.
    outline : sequence of (x, y), optional
        Drawn instead of the box.
    pixel_size_nm : float, optional
        nm per pixel; without it the bar is in pixels.

    Returns
    -------
    bytes
    """
    x, y, width, height = box
    side = max(SIDE_MIN_PX, CONTEXT * max(width, height))
    info = tiles.read_info(path)
    left = _within(x + width / 2 - side / 2, side, info.width)
    top = _within(y + height / 2 - side / 2, side, info.height)
    level = min(max(0, floor(log2(side / SIDE_OUT_PX))), len(info.levels) - 1)
    codes, is_image = read_region(path, level, left / 2**level, top / 2**level, side / 2**level)
    low, high = np.percentile(codes[is_image], CONTRAST_PERCENTS) if is_image.any() else (0, 1)
    grey = np.clip((codes - low) / max(high - low, 1), 0, 1) * 255
    grey[~is_image] = NO_IMAGE
    # The region was widened to whole pixels; cut it back to the side asked for, to a fraction of a pixel.
    inset_x, inset_y = (left / 2**level) % 1, (top / 2**level) % 1
    span = side / 2**level
    picture = Image.fromarray(grey.astype(np.uint8)).resize(
        (SIDE_OUT_PX, SIDE_OUT_PX),
        Image.Resampling.BICUBIC,
        (inset_x, inset_y, inset_x + span, inset_y + span),
    )
    picture = picture.convert("RGB")
    scale = SIDE_OUT_PX / side
    corners = outline or [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    points = [((a - left) * scale, (b - top) * scale) for a, b in corners]
    ImageDraw.Draw(picture).line([*points, points[0], points[1]], fill=OUTLINE, width=2, joint="curve")
    whole = Image.new("RGB", (SIDE_OUT_PX, SIDE_OUT_PX + STRIP_PX), STRIP)
    whole.paste(picture)
    _draw_bar(ImageDraw.Draw(whole), side, pixel_size_nm)
    out = io.BytesIO()
    whole.save(out, "PNG")
    return out.getvalue()


def read_region(path, level, left, top, side):
    """Codes of a square of one level, widened to whole pixels.

    Returns
    -------
    codes : ndarray of float, shape (S, S)
    is_image : ndarray of bool, shape (S, S)
        False beyond the image's border.
    """
    stored = tiles.read_info(path).levels[level]
    x0, y0 = floor(left), floor(top)
    size = floor(max(left - x0, top - y0) + side) + 1
    codes, is_image = np.zeros((size, size)), np.zeros((size, size), dtype=bool)
    for row in range(max(0, y0) // TILE_PX, min(stored.rows, (y0 + size - 1) // TILE_PX + 1)):
        for column in range(max(0, x0) // TILE_PX, min(stored.columns, (x0 + size - 1) // TILE_PX + 1)):
            _, height, width = stored.tile(column, row)
            tile = np.frombuffer(tiles.read_tile(path, level, column, row), tiles.CODES).reshape(
                height, width
            )
            tile_x, tile_y = column * TILE_PX - x0, row * TILE_PX - y0  # of the tile within the region
            into = np.s_[max(0, tile_y) : tile_y + height, max(0, tile_x) : tile_x + width]
            part = tile[max(0, -tile_y) : size - tile_y, max(0, -tile_x) : size - tile_x]
            codes[into], is_image[into] = part, True
    return codes, is_image


def bar_length(longest):
    """The longest of 1, 2, 5, 10, 20 ... (and their tenths) that is not above `longest`."""
    power = 10.0 ** floor(np.log10(longest))
    return next(step * power for step in (5, 2, 1) if step * power <= longest * (1 + 1e-9))


def _within(start, side, whole):
    """Shift a stretch of `side` into 0 to `whole`; centre it where it is longer than that."""
    return (whole - side) / 2 if side >= whole else min(max(start, 0), whole - side)


def _draw_bar(draw, side_px, pixel_size_nm):
    unit, size = ("nm", pixel_size_nm) if pixel_size_nm else ("px", 1)
    length = bar_length(BAR_SHARE * side_px * size)
    label = f"{length / 1000:g} µm" if unit == "nm" and length >= 1000 else f"{length:g} {unit}"
    width = length / size / side_px * SIDE_OUT_PX
    middle = SIDE_OUT_PX + STRIP_PX // 2
    font = ImageFont.load_default(size=16)
    draw.rectangle((10, middle - 2, 9 + round(width), middle + 1), fill=INK)
    draw.text((20 + width, middle), label, fill=INK, font=font, anchor="lm")
