"""From overlapping candidates to particles: the best first, each pixel once, touching ones parted."""

import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

from mlcore.inference.masks import fill, filled

MAX_OVERLAP = 0.1  # of a region, with those chosen before it
SPLIT_BELOW_FILL = 0.97  # two equal discs that touch have 0.89, half overlapping 0.95, an ellipse 1
NECK = 0.85  # of the smaller particle's half width: a wider neck parts nobody


def select(found, shape):
    """Choose regions that do not overlap, greedily by quality.

    Parameters
    ----------
    found : list of Candidates
    shape : tuple of int
        Rows and columns of the frame.

    Returns
    -------
    list of (quality, mask, row, column, px)
        Masks on their own scale of `px` pixels of the frame, (row, column) their corner on it.
    """
    found = [one for one in found if len(one.quality)]
    if not found:
        return []
    # What is taken, on every scale, so that looking a region up costs one read of its pixels.
    taken = {one.scale.px: np.zeros([size // one.scale.px for size in shape], dtype=bool) for one in found}
    quality = np.concatenate([one.quality for one in found])
    source = np.repeat(np.arange(len(found)), [len(one.quality) for one in found])
    index = np.concatenate([np.arange(len(one.quality)) for one in found])
    order = np.argsort(-quality, kind="stable")
    flat = [taken[one.scale.px].reshape(-1) for one in found]
    chosen = []
    for at, number, k in zip(order.tolist(), source[order].tolist(), index[order].tolist(), strict=True):
        one = found[number]
        pixels = one.pixels[k]
        if np.count_nonzero(flat[number].take(pixels)) > MAX_OVERLAP * len(pixels):
            continue
        (rows, columns), mask = one.mask(k)
        mask = filled(mask)
        for px, place in taken.items():
            part, row, column = moved(mask, rows.start, columns.start, one.scale.px, px)
            view = place[row : row + part.shape[0], column : column + part.shape[1]]
            view |= part[: view.shape[0], : view.shape[1]]
        for part, offset in parted(mask):
            row, column = rows.start + offset[0], columns.start + offset[1]
            chosen.append((float(quality[at]), part, row, column, one.scale.px))
    return chosen


def moved(mask, row, column, from_px, to_px):
    """A mask and its corner on another scale: repeated to a finer one, half covered on a coarser one."""
    if from_px == to_px:
        return mask, row, column
    if from_px > to_px:
        factor = from_px // to_px
        return np.repeat(np.repeat(mask, factor, axis=0), factor, axis=1), row * factor, column * factor
    factor = to_px // from_px
    up, left = row % factor, column % factor
    high = up + mask.shape[0] + (-(up + mask.shape[0])) % factor
    wide = left + mask.shape[1] + (-(left + mask.shape[1])) % factor
    padded = np.zeros((high, wide), dtype=np.int32)
    padded[up : up + mask.shape[0], left : left + mask.shape[1]] = mask
    covered = padded.reshape(high, wide // factor, factor).sum(2)
    covered = covered.reshape(high // factor, factor, wide // factor).sum(1)
    return 2 * covered >= factor**2, row // factor, column // factor


def parted(mask, neck=NECK):
    """Touching particles apart: watershed of the distance to the outline, where there is a neck.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    neck : float
        The widest neck that parts, over the smaller part's width.

    Returns
    -------
    list of (mask, (row, column))
        One entry, the mask itself, where there is nothing to part.
    """
    whole = [(mask, (0, 0))]
    if fill(mask) >= SPLIT_BELOW_FILL:
        return whole
    padded = np.pad(mask, 1)
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(padded), 0.7) * padded
    peaks = _peaks(distance)
    if peaks.max() < 2:
        return whole
    labels = watershed(-distance, peaks, mask=padded)
    labels = _without_wide_necks(labels, distance, neck)
    boxes = ndimage.find_objects(labels)
    if len(boxes) < 2:
        return whole
    parts = []
    for k, box in enumerate(boxes, start=1):
        part = labels[box] == k
        if part.sum() >= 6:
            parts.append((part, (box[0].start - 1, box[1].start - 1)))
    return parts


def _peaks(distance):
    """Labelled local maxima, one for each hill that stands 0.3 px above its saddle."""
    reach = ndimage.maximum_filter(distance, size=3)
    tops, _ = ndimage.label((distance == reach) & (distance > 1), structure=np.ones((3, 3)))
    return tops


def _without_wide_necks(labels, distance, neck):
    """Join neighbours, the widest neck first, until every neck is narrower than allowed."""
    while True:
        height = np.zeros(labels.max() + 1)
        np.maximum.at(height, labels.ravel(), distance.ravel())
        worst, pair = neck, None
        for near, far in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
            a, b = labels[near].ravel(), labels[far].ravel()
            touching = (a != b) & (a > 0) & (b > 0)
            if not touching.any():
                continue
            a, b = a[touching], b[touching]
            saddle = np.minimum(distance[near].ravel()[touching], distance[far].ravel()[touching])
            ratio = saddle / np.minimum(height[a], height[b])
            if ratio.max() > worst:
                worst, pair = ratio.max(), (a[ratio.argmax()], b[ratio.argmax()])
        if pair is None:
            return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
        labels = np.where(labels == pair[1], pair[0], labels)
