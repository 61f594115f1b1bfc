"""From overlapping candidates to particles: the best first, each pixel once, touching ones parted."""

import numpy as np
from scipy import ndimage
from skimage.segmentation import watershed

MAX_OVERLAP = 0.1  # of a region, with those chosen before it
SPLIT_BELOW_FILL = 0.93  # a dumbbell of two equal discs has 0.74, a square 0.95
NECK = 0.85  # of the smaller particle's half width: a wider neck parts nobody


def select(found, shape, grid_px):
    """Choose regions that do not overlap, greedily by quality.

    Parameters
    ----------
    found : list of Candidates
    shape : tuple of int
        Rows and columns of the frame.
    grid_px : int
        Pixels of the frame a cell of the map in which overlap is looked up; that of the finest scale.

    Returns
    -------
    list of (quality, mask, row, column, px)
        Masks on their own scale of `px` pixels of the frame, (row, column) their corner on it.
    """
    taken = np.zeros([-(-size // grid_px) for size in shape], dtype=bool)
    quality = np.concatenate([one.quality for one in found]) if found else np.zeros(0)
    source = (
        np.concatenate([np.full(len(one.quality), i) for i, one in enumerate(found)]) if found else quality
    )
    index = np.concatenate([np.arange(len(one.quality)) for one in found]) if found else quality
    chosen = []
    for at in np.argsort(-quality, kind="stable"):
        one = found[int(source[at])]
        (rows, columns), mask = one.mask(int(index[at]))
        factor = one.scale.px // grid_px
        fine = np.repeat(np.repeat(mask, factor, axis=0), factor, axis=1) if factor > 1 else mask
        cells = taken[
            rows.start * factor : rows.stop * factor, columns.start * factor : columns.stop * factor
        ]
        fine = fine[: cells.shape[0], : cells.shape[1]]
        if (cells & fine).sum() > MAX_OVERLAP * fine.sum():
            continue
        cells |= fine
        for part, offset in parted(ndimage.binary_fill_holes(mask)):
            chosen.append(
                (float(quality[at]), part, rows.start + offset[0], columns.start + offset[1], one.scale.px)
            )
    return chosen


def parted(mask):
    """Touching particles apart: watershed of the distance to the outline, where there is a neck.

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
    labels = _without_wide_necks(labels, distance)
    boxes = ndimage.find_objects(labels)
    if len(boxes) < 2:
        return whole
    parts = []
    for k, box in enumerate(boxes, start=1):
        part = labels[box] == k
        if part.sum() >= 6:
            parts.append((part, (box[0].start - 1, box[1].start - 1)))
    return parts


def fill(mask):
    """Area over that of the ellipse of equal second moments: 1 for an ellipse, less where concave."""
    y, x = np.nonzero(mask)
    if len(x) < 3:
        return 1.0
    xx, yy = x.var() + 1 / 12, y.var() + 1 / 12
    xy = ((x - x.mean()) * (y - y.mean())).mean()
    return min(1.0, len(x) / (4 * np.pi * np.sqrt(max(xx * yy - xy**2, 1e-12))))


def _peaks(distance):
    """Labelled local maxima, one for each hill that stands 0.3 px above its saddle."""
    reach = ndimage.maximum_filter(distance, size=3)
    tops, _ = ndimage.label((distance == reach) & (distance > 1), structure=np.ones((3, 3)))
    return tops


def _without_wide_necks(labels, distance):
    """Join neighbours, the widest neck first, until every neck is narrower than NECK allows."""
    while True:
        height = np.zeros(labels.max() + 1)
        np.maximum.at(height, labels.ravel(), distance.ravel())
        worst, pair = NECK, None
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
