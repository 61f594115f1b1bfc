"""Frames to the scale and the grey levels that networks see; the same in training and in use."""

import numpy as np
from PIL import Image

CANONICAL_PX = 24.0  # median diameter that frames are resampled to
CLIP_PERCENT = (0.5, 99.5)


def resampled(image, zoom):
    """A frame (H, W) float32 at `zoom` times its sampling, averaged where it shrinks.

    Returns
    -------
    frame : ndarray of shape (H', W')
    zoom_xy : tuple of float
        New width over old and new height over old: by these coordinates (from the outer corner) multiply.
    """
    height, width = image.shape
    size = max(round(width * zoom), 1), max(round(height * zoom), 1)
    frame = np.asarray(image, np.float32)
    if size != (width, height):
        frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR))
    return frame, (size[0] / width, size[1] / height)


def normalised(frame):
    """Grey levels about 0 in units of the frame's own spread, its extremes drawn in by arcsinh."""
    return levelled(frame, levels_of(frame))


def levels_of(frame):
    """`grey_levels` of a whole frame, by every n-th pixel of a large one."""
    return grey_levels(frame[:: max(frame.shape[0] // 512, 1), :: max(frame.shape[1] // 512, 1)])


def grey_levels(sample):
    """Low, middle, high and spread of grey levels, by which `levelled` normalises.

    The spread is 1.4826 times the median absolute deviation, so that a few bright particles on an empty
    background do not set it; where more than half of the pixels are equal it is the standard deviation.
    """
    low, middle, high = np.percentile(sample, (CLIP_PERCENT[0], 50, CLIP_PERCENT[1]))
    clipped = np.clip(sample, low, high)
    spread = 1.4826 * float(np.median(np.abs(clipped - middle))) or float(clipped.std()) or 1.0
    return float(low), float(middle), float(high), spread


def levelled(frame, levels):
    """A frame (H, W) in units of the spread about the middle, float32; see `grey_levels`."""
    low, middle, high, spread = levels
    reach = high - low
    levels = (np.clip(frame, low - reach, high + reach) - np.float32(middle)) / np.float32(spread)
    return np.arcsinh(levels).astype(np.float32)
