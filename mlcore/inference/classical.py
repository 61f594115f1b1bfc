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
MIN_QUALITY = 3.5  # a confidence of 0.06
NOISE_QUALITY = 5.0  # what the best regions of white noise reach
# A logistic in log(quality), fitted to the three labelled sets, each with the same weight
# (tests/benchmark/fit_confidence.py; docs/benchmark-classical.md): half of the regions of quality 6.2 match
# a labelled particle, and a quarter of those of 4.9.
HALF_TRUST_QUALITY = 6.2
TRUST_POWER = 4.7
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
        first = _first(image.shape)
        scales = _scales(pyramid)
        coarse = _both_signs(pyramid, scales)
        sign = polarity(coarse, pyramid)
        step(0.3)
        found = [one for one in coarse[sign] if one.scale.halvings >= first]
        fine = [scale for scale in scales if scale.halvings >= first]
        fine = [scale for scale in fine if scale not in {one.scale for one in found}]
        for done, scale in enumerate(fine, start=1):
            found.append(candidates(pyramid[scale.halvings], scale, sign, MIN_QUALITY))
            step(0.3 + 0.4 * done / len(fine))
        chosen = select(found, image.shape)
        step(0.8)
        smooth = [
            ndimage.gaussian_filter(level, BLUR_PX) if min(level.shape) >= MIN_SIDE_PX else None
            for level in pyramid
        ]
        refined = refine(chosen, smooth, image)
        step(1.0)
        limit = (frame_shape[1], frame_shape[0])
        return [Detection(np.clip(one.outline, 0, limit), confidence(quality)) for quality, one in refined]


def confidence(quality):
    """How far to trust a region, 0 to 1: a logistic of the logarithm of its quality."""
    return float(1 / (1 + (HALF_TRUST_QUALITY / max(quality, 1e-9)) ** TRUST_POWER))


def _both_signs(pyramid, scales):
    """Candidates brighter (1) and darker (-1) than what surrounds them, on a small copy of the frame."""
    first = next((i for i, level in enumerate(pyramid) if max(level.shape) <= OVERVIEW_PX), len(pyramid) - 1)
    return {
        sign: [
            candidates(pyramid[scale.halvings], scale, sign, MIN_QUALITY)
            for scale in scales
            if scale.halvings >= first
        ]
        for sign in (1, -1)
    }


def polarity(coarse, pyramid):
    """1 where particles are brighter than their surroundings, -1 where darker: which side has better regions.

    Only what stands above the best of pure noise has a vote, the more the clearer it is.
    """
    votes = {}
    for sign, found in coarse.items():
        clear = [one.above(NOISE_QUALITY) for one in found]
        chosen = select(clear, pyramid[0].shape)
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
    scales = []
    for halvings, level in enumerate(pyramid):
        scales.append(Scale(halvings, background_px=9.0, max_diameter_px=30.0))
        longest = max(level.shape)
        if longest <= OVERVIEW_PX or halvings == len(pyramid) - 1:
            scales.append(Scale(halvings, 0.15 * longest, 0.6 * longest, levels=15))
    return scales
