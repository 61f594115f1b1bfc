"""Lumps of the support apart from particles: large, and their edges faint beside those of the particles.

Support is the lighter material and fades out at its rim. A particle's image steps at its edge by an amount
that does not fall with its size: close to its rim a large sphere is no thinner than a small one, and a flat
crystal is thicker the larger it is. So a region that is larger than the frame's particles and steps far less
than they do is made of something else.
"""

import numpy as np
from scipy import ndimage

from annotations.outline import polygon_area

LEAST_PARTICLES = 8  # sure ones; with fewer there is nothing to compare with
LARGER = 1.5  # times their median diameter
FAINTER = 1 / 3  # of their median step, at that size
GROWTH = 0.25  # power of the size that a particle's step at least grows with
POWER = 2.0  # how hard a fainter step than that is punished
REACH_PX = 2.0  # to either side of the outline, close by, where a lump has hardly begun to change


def likeness(outlines, is_sure, image):
    """How much each region is like the sure particles of its frame, 1, or less for a lump of the support.

    Parameters
    ----------
    outlines : list of ndarray, shape (V, 2)
    is_sure : ndarray of bool
        Those to compare with.
    image : ndarray, shape (H, W)
        The frame, smoothed.

    Returns
    -------
    ndarray
        A factor for each region's quality.
    """
    if np.count_nonzero(is_sure) < LEAST_PARTICLES:
        return np.ones(len(outlines))
    diameter = np.array([2 * np.sqrt(polygon_area(one) / np.pi) for one in outlines])
    step = steps(outlines, image)
    size = diameter / (LARGER * np.median(diameter[is_sure]))
    least = np.maximum(FAINTER * np.median(step[is_sure]) * size**GROWTH, 1e-9)
    return np.where(size > 1, np.minimum(1, step / least) ** POWER, 1)


def steps(outlines, image):
    """How much an image changes across each outline, from REACH_PX outside to REACH_PX inside, on average."""
    middle, across, length = [], [], []
    for outline in outlines:
        side = np.roll(outline, -1, axis=0) - outline
        size = np.hypot(*side.T)
        middle.append(outline + side / 2)
        across.append(side[:, ::-1] * [1, -1] / np.maximum(size, 1e-9)[:, None])
        length.append(size)
    of = np.repeat(np.arange(len(outlines)), [len(one) for one in length])
    middle, across, length = np.concatenate(middle), np.concatenate(across), np.concatenate(length)
    inside, outside = (
        # Pixel (r, c) has its centre at (c + 0.5, r + 0.5).
        ndimage.map_coordinates(image, (middle + reach * across)[:, ::-1].T - 0.5, order=1, mode="nearest")
        for reach in (-REACH_PX, REACH_PX)
    )
    # The image's own edge is no edge of a particle.
    limit = np.array(image.shape[::-1]) - REACH_PX
    length = length * ((middle > REACH_PX) & (middle < limit)).all(axis=1)
    total = np.bincount(of, length * (outside - inside), minlength=len(outlines))
    return np.abs(total) / np.maximum(np.bincount(of, length, minlength=len(outlines)), 1e-9)
