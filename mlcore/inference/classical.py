"""The classical engine: no training, no weights; the baseline that every network must beat."""

import numpy as np
from scipy import ndimage

from mlcore.inference.engine import Detection
from mlcore.inference.level_sets import BLUR_PX, Scale, candidates
from mlcore.inference.preparation import MIN_SIDE_PX, cleaned, halved, picture_rows
from mlcore.inference.refine import refine
from mlcore.inference.selection import select

SEARCH_PX2 = 1.4e6  # larger frames are searched at half size, outlines still found at full size
MAX_SEARCH_PX2 = 6e6
MIN_QUALITY = 3.0
NOISE_QUALITY = 5.0  # what the best regions of white noise reach
HALF_TRUST_QUALITY = 4.5  # half of the regions of this quality are particles (docs/benchmark-classical.md)
TRUST_POWER = 3.0
OVERVIEW_PX = 512


class ClassicalEngine:
    name = "classical"
    version = "1"

    def find(self, image, pixel_size_nm=None, on_step=None):
        """See `Engine.find`. The pixel size is not used: the search is over all sizes in pixels."""
        step = on_step or (lambda share: None)
        image = cleaned(image)
        if image is None or min(image.shape) < MIN_SIDE_PX:
            return []
        frame_shape = image.shape
        image = image[picture_rows(image)]
        pyramid = _pyramid(image)
        step(0.1)
        sign = polarity(pyramid)
        step(0.3)
        first = _first(image.shape)
        found = []
        scales = [scale for scale in _scales(pyramid) if scale.halvings >= first]
        for done, scale in enumerate(scales, start=1):
            found.append(candidates(pyramid[scale.halvings], scale, sign, MIN_QUALITY))
            step(0.3 + 0.4 * done / len(scales))
        chosen = select(found, image.shape, 2**first)
        step(0.8)
        smooth = [
            ndimage.gaussian_filter(level, BLUR_PX) if min(level.shape) >= MIN_SIDE_PX else None
            for level in pyramid
        ]
        outlines = refine(chosen, smooth)
        step(1.0)
        limit = (frame_shape[1], frame_shape[0])
        return [
            Detection(np.clip(outline, 0, limit), confidence(quality))
            for (quality, *_), outline in zip(chosen, outlines, strict=True)
            if outline is not None
        ]


def confidence(quality):
    """How far to trust a region, 0 to 1: a logistic of the logarithm of its quality."""
    return float(1 / (1 + (HALF_TRUST_QUALITY / max(quality, 1e-9)) ** TRUST_POWER))


def polarity(pyramid):
    """1 where particles are brighter than their surroundings, -1 where darker: which side has better regions.

    Looked at on a small copy of the frame. Only what stands above the best of pure noise has a vote, the more
    the clearer it is.
    """
    first = next((i for i, level in enumerate(pyramid) if max(level.shape) <= OVERVIEW_PX), len(pyramid) - 1)
    votes = {}
    for sign in (1, -1):
        found = [
            candidates(pyramid[scale.halvings], scale, sign, NOISE_QUALITY)
            for scale in _scales(pyramid)
            if scale.halvings >= first
        ]
        chosen = select(found, pyramid[0].shape, 2**first)
        votes[sign] = sum((quality - NOISE_QUALITY) ** 2 for quality, *_ in chosen)
    return 1 if votes[1] >= votes[-1] else -1


def _first(shape):
    """Halvings before the search begins."""
    size = shape[0] * shape[1]
    first = 0 if size <= SEARCH_PX2 else 1
    while size / 4**first > MAX_SEARCH_PX2:
        first += 1
    return first


def _pyramid(image):
    levels = [image]
    while max(levels[-1].shape) > 100 and min(levels[-1].shape) >= 48:
        levels.append(halved(levels[-1]))
    return levels


def _scales(pyramid):
    """One search an octave for small particles, and some with hardly any flattening for large ones."""
    for halvings, level in enumerate(pyramid):
        yield Scale(halvings, background_px=9.0, max_diameter_px=30.0)
        longest = max(level.shape)
        if longest <= OVERVIEW_PX or halvings == len(pyramid) - 1:
            yield Scale(halvings, background_px=0.15 * longest, max_diameter_px=0.6 * longest, levels=15)
