"""A small picture of an image for lists and strips: PNG, 8-bit grey, contrast by percentiles."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from annotations.display import tiles
from annotations.display.coding import N_CODES, choose_coding
from annotations.display.intensities import percentile_codes

SIDE_PX = 256
WINDOW_PERCENT = (0.5, 99.5)


def thumbnail(image_or_path, side_px=SIDE_PX):
    """Draw a thumbnail.

    Parameters
    ----------
    image_or_path : ndarray, shape (H, W), or path-like
        An image, or the path of its tile pack, which is much quicker for a large one.
    side_px : int
        Longest side of the picture; a smaller image is not enlarged.

    Returns
    -------
    bytes
        A PNG file.
    """
    if isinstance(image_or_path, str | Path):
        info = tiles.read_info(image_or_path)
        codes = tiles.read_level(image_or_path, -1)
        first, last = (info.code(info.percentiles[f"{percent:g}"]) for percent in WINDOW_PERCENT)
    else:
        image = np.asarray(image_or_path)
        codes = choose_coding(image).encode(image)
        counts = np.bincount(codes.ravel(), minlength=N_CODES)
        first, last = percentile_codes(counts, WINDOW_PERCENT)
    grey = (codes.astype(np.float32) - first) * np.float32(255 / max(1, last - first))
    picture = Image.fromarray(grey.clip(0, 255).round().astype(np.uint8))
    picture.thumbnail((side_px, side_px), Image.Resampling.BOX)
    file = BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()
