"""A frame halved again and again, and what every search on one of its levels needs, computed once."""

from functools import cached_property

import numpy as np
from scipy import ndimage

from mlcore.inference.preparation import halved

BLUR_PX = 1.0
# The local noise is a lower quartile, not a median: in a dense layer the median pixel is a particle's.
NOISE_PERCENT = 25
NOISE_WINDOW = 7  # samples, one every 8 px: the noise is that of 56 x 56 px
EDGE_NOISE = 1.55  # from lower quartile to median of a gradient's length in Gaussian noise (Rayleigh)


class Level:
    """The frame at one scale: `image` (H, W), the same `smooth`, and how sharply it changes."""

    def __init__(self, image):
        self.image = image

    @cached_property
    def smooth(self):
        return ndimage.gaussian_filter(self.image, BLUR_PX)

    @cached_property
    def edge(self):
        """|gradient| over what noise alone would give."""
        gradient = np.hypot(ndimage.sobel(self.smooth, 1), ndimage.sobel(self.smooth, 0)) / 8
        return gradient / local_noise(gradient, EDGE_NOISE)


def pyramid(image):
    """Levels of a frame, each of half the size of the one before."""
    levels = [Level(image)]
    while max(image.shape) > 100 and min(image.shape) >= 48:
        image = halved(image)
        levels.append(Level(image))
    return levels


def local_noise(values, factor):
    """Lower quartile of `values` around each pixel, not less than the frame's: vacuum has no noise."""
    step = next((step for step in (8, 4) if min(values.shape) >= 8 * step), 1)
    sampled = values[step // 2 :: step, step // 2 :: step]
    local = ndimage.gaussian_filter(
        ndimage.percentile_filter(sampled, NOISE_PERCENT, size=NOISE_WINDOW, mode="nearest"), 2
    )
    local = np.maximum(local, np.percentile(sampled, NOISE_PERCENT))
    spread = np.repeat(np.repeat(local, step, axis=0), step, axis=1)
    missing = [(0, max(0, size - have)) for size, have in zip(values.shape, spread.shape, strict=True)]
    spread = np.pad(spread, missing, mode="edge")[: values.shape[0], : values.shape[1]]
    return factor * spread + np.float32(1e-6)
