"""Whether an image still shows what its label says: the classical sub-pixel measurement at known places."""

from dataclasses import dataclass

import numpy as np

from annotations.outline import outline_mask
from annotations.shape import measure_many
from mlcore.inference.preparation import cleaned
from mlcore.inference.pyramid import pyramid
from mlcore.inference.refine import refine

# Between two images of one particle: whichever of px and share is more, and in aspect ratio.
CHANGE = (1.0, 0.05, 0.1)
# Between measurement and truth: half height lies inside the shadow of what is thin at its rim.
TRUTH = (4.0, 0.2, 0.25)
LEAST_ECD_PX = 5.0  # what is smaller nobody measures


@dataclass(frozen=True)
class Agreement:
    """Per particle (K,): whether it was measured on the first image, and whether the second disagrees."""

    is_measured: np.ndarray
    disagrees: np.ndarray


def measured(image, outlines):
    """Diameter in px and aspect ratio (K, 2) of particles of an image (H, W), each found anew from its place.

    NaN where nothing is found. The search begins with the true outline and moves by 2 px at most on a scale
    on which the particle is 18 to 36 px wide: an edge that has moved shows, one that has gone is NaN.
    """
    found = np.full((len(outlines), 2), np.nan)
    image = cleaned(image)
    if image is None:
        return found
    low, high = float(image.min()), float(image.max())
    levels = pyramid((image - low) / max(high - low, 1e-6))
    height, width = image.shape
    for k, outline in enumerate(outlines):
        mask = outline_mask(outline, (width, height))
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            continue
        part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        ones = refine([(1.0, part, int(rows[0]), int(columns[0]), 1)], levels)
        if len(ones) != 1:  # nothing, or several parts
            continue
        try:
            shape = measure_many([ones[0][1].outline])[0]
        except ValueError:
            continue
        if shape.aspect_ratio is not None:
            found[k] = shape.ecd_px, shape.aspect_ratio
    return found


def agreement(before, after, particles):
    """Compare what the same measurement finds on a simulated image and on the refined one.

    Parameters
    ----------
    before, after : ndarray of shape (H, W)
    particles : list of Truth
        Those that the frame cuts, others hide, or that are not found on `before` are not measured.
    """
    is_measured, disagrees = np.zeros(len(particles), bool), np.zeros(len(particles), bool)
    usable = [
        k for k, one in enumerate(particles)
        if not one.is_truncated and one.hidden_share == 0 and one.ecd_px >= LEAST_ECD_PX
    ]  # fmt: skip
    if usable:
        outlines = [particles[k].outline for k in usable]
        true = np.array([(particles[k].ecd_px, particles[k].aspect_ratio) for k in usable])
        at_first = measured(before, outlines)
        is_found = is_close(at_first, true, TRUTH)
        now = measured(after, [one for one, yes in zip(outlines, is_found, strict=True) if yes])
        is_measured[usable] = is_found
        disagrees[np.array(usable)[is_found]] = ~is_close(now, at_first[is_found], CHANGE)
    return Agreement(is_measured, disagrees)


def is_close(found, other, limits):
    """Whether diameters and aspect ratios (K, 2) are alike by (px, share, aspect ratio); NaN is not."""
    px, share, aspect_ratio = limits
    away = np.abs(found - other)
    return (away[:, 0] <= np.maximum(px, share * other[:, 0])) & (away[:, 1] <= aspect_ratio)
