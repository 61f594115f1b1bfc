"""The classical engine: no training, no weights; the baseline that every network must beat."""

import numpy as np

from mlcore.inference.distinct import distinct
from mlcore.inference.engine import Detection
from mlcore.inference.graphics import covers, picture_of
from mlcore.inference.level_sets import Scale, candidates, relief
from mlcore.inference.preparation import MIN_SIDE_PX, cleaned
from mlcore.inference.pyramid import pyramid
from mlcore.inference.refine import refine
from mlcore.inference.selection import select
from mlcore.inference.support import likeness

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

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        """See `Engine.find`. The pixel size is not used: the search is over all sizes in pixels."""
        step = on_step or (lambda share: None)
        image = cleaned(image)
        if image is None or min(image.shape) < MIN_SIDE_PX:
            return []
        picture = picture_of(image, on_note)
        outlines, quality = proposals(picture.image, picture.boxes, step)
        step(1.0)
        limit = (image.shape[1], image.shape[0])
        return [
            Detection(np.clip(outline, 0, limit), confidence(one))
            for outline, one in zip(outlines, quality, strict=True)
        ]


def proposals(image, boxes=(), on_step=lambda share: None):
    """Outlines of a picture (H, W), 0 to 1, not under `boxes`, and their quality (K,), the best first."""
    levels = pyramid(image)
    on_step(0.1)
    first = _first(image.shape)
    scales = _scales(levels)
    coarse = _both_signs(levels, scales)
    sign = polarity(coarse, image.shape)
    on_step(0.3)
    found = [one for one in coarse[sign] if one.scale.halvings >= first]
    fine = [scale for scale in scales if scale.halvings >= first]
    fine = [scale for scale in fine if scale not in {one.scale for one in found}]
    for done, scale in enumerate(fine, start=1):
        found.append(candidates(relief(levels[scale.halvings], scale), sign, MIN_QUALITY))
        on_step(0.3 + 0.4 * done / len(fine))
    selected = select(found, image.shape)
    on_step(0.8)
    refined = [(quality, one) for quality, one in refine(selected, levels) if not covers(boxes, one.outline)]
    outlines = [one.outline for _, one in refined]
    quality = np.array([quality for quality, _ in refined])
    quality *= likeness(outlines, quality >= HALF_TRUST_QUALITY, levels[0].smooth)
    kept = distinct(outlines, quality)
    return [outlines[k] for k in kept], quality[kept]


def confidence(quality):
    """How far to trust a region, 0 to 1: a logistic of the logarithm of its quality."""
    return float(1 / (1 + (HALF_TRUST_QUALITY / max(quality, 1e-9)) ** TRUST_POWER))


def _both_signs(levels, scales):
    """Candidates brighter (1) and darker (-1) than what surrounds them, on a small copy of the frame."""
    sizes = [max(level.image.shape) for level in levels]
    first = next((i for i, size in enumerate(sizes) if size <= OVERVIEW_PX), len(levels) - 1)
    grounds = [relief(levels[scale.halvings], scale) for scale in scales if scale.halvings >= first]
    return {sign: [candidates(ground, sign, MIN_QUALITY) for ground in grounds] for sign in (1, -1)}


def polarity(coarse, shape):
    """1 where particles are brighter than their surroundings, -1 where darker: which side has better regions.

    Only what stands above the best of pure noise has a vote, the more the clearer it is.
    """
    votes = {}
    for sign, found in coarse.items():
        clear = [one.above(NOISE_QUALITY) for one in found]
        chosen = select(clear, shape)
        votes[sign] = sum((quality - NOISE_QUALITY) ** 2 for quality, *_ in chosen)
    return 1 if votes[1] >= votes[-1] else -1


def _first(shape):
    """Halvings before the search begins."""
    size = shape[0] * shape[1]
    first = 0 if size <= SEARCH_PX2 else 1
    while size / 4**first > MAX_SEARCH_PX2:
        first += 1
    return first


def _scales(levels):
    """One search an octave for small particles, and some with hardly any flattening for large ones."""
    scales = []
    for halvings, level in enumerate(levels):
        scales.append(Scale(halvings, background_px=9.0, max_diameter_px=30.0))
        longest = max(level.image.shape)
        if longest <= OVERVIEW_PX or halvings == len(levels) - 1:
            scales.append(Scale(halvings, 0.15 * longest, 0.6 * longest, levels=15))
    return scales
