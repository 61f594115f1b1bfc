"""Frames to the scale and the grey levels that networks see; the same in training and in use."""

import numpy as np
from PIL import Image

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
    """Grey levels about 0 in units of the frame's own spread, its extremes drawn in by arcsinh.

    The spread is 1.4826 times the median absolute deviation, so that a few bright particles on an empty
    background do not set it; where more than half of the pixels are equal it is the standard deviation.
    """
    sample = frame[:: max(frame.shape[0] // 512, 1), :: max(frame.shape[1] // 512, 1)]
    low, middle, high = np.percentile(sample, (CLIP_PERCENT[0], 50, CLIP_PERCENT[1]))
    clipped = np.clip(sample, low, high)
    spread = 1.4826 * float(np.median(np.abs(clipped - middle))) or float(clipped.std()) or 1.0
    levels = (np.clip(frame, low - (high - low), high + (high - low)) - np.float32(middle)) / np.float32(
        spread
    )
    return np.arcsinh(levels).astype(np.float32)
