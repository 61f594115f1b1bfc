"""Outlines to the maps that a detector learns."""

import numpy as np
from scipy import ndimage

from annotations.raster import inside
from mlcore.nets.channels import CHANNELS

BORDER_REACH_PX = 1.5  # a pixel this near to two particles lies between them
CENTRE_SIGMA = (0.1, 1.5, 6.0)  # of the diameter; least and most, px
WEIGHT_LIMITS = (0.5, 4.0)
EDGE_PX = 8.0  # how far outside of a particle its weight reaches


def label_map(outlines, shape):
    """Which particle each pixel (H, W) shows, from 1; later ones on top; and how many cover it."""
    labels = np.zeros(shape, np.int32)
    cover = np.zeros(shape, np.uint8)
    for k, outline in enumerate(outlines, start=1):
        rows, columns = inside(outline, shape)
        labels[rows, columns] = k
        cover[rows, columns] += 1
    return labels, cover


def build(outlines, kinds, is_ignored, shape):
    """Maps to learn, their weights, and where nothing is to be learnt.

    Returns
    -------
    maps : ndarray of shape (C, H, W), float32
        By CHANNELS. The distance is that to the particle's own edge over its largest, 0 to 1.
    weight : ndarray of shape (H, W), float32
        Small particles weigh more, clip(sqrt(median area / area), 0.5, 4); 0 where a particle is ignored.
    """
    labels, cover = label_map(outlines, shape)
    n = len(outlines)
    maps = np.zeros((len(CHANNELS), *shape), np.float32)
    weight = np.ones(shape, np.float32)
    if not n:
        return maps, weight
    ignored = np.concatenate([[False], is_ignored])[labels]
    kind = np.concatenate([[-1], kinds])[labels]
    area = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    distance = _distance(labels)
    peak = np.concatenate([[1.0], ndimage.maximum(distance, labels, np.arange(1, n + 1))])
    peak[peak == 0] = 1.0
    present = np.flatnonzero((area > 0) & ~np.asarray(is_ignored, bool))
    ecd = 2 * np.sqrt(area / np.pi)
    channel = {name: maps[k] for k, name in enumerate(CHANNELS)}
    channel["foreground"][:] = labels > 0
    channel["border"][:] = _between(labels)
    channel["distance"][:] = distance / peak[labels]
    channel["overlap"][:] = cover > 1
    channel["tube"][:] = kind == 1
    channel["aggregate"][:] = kind == 2
    channel["log_ecd"][:] = np.concatenate([[0.0], np.log(np.maximum(ecd, 1))])[labels]
    if len(present):
        _centres(channel["centre"], distance, labels, present + 1, ecd)
        typical = float(np.median(area[present]))
        factor = np.clip(np.sqrt(typical / np.maximum(area, 1)), *WEIGHT_LIMITS)
        weight = np.concatenate([[1.0], factor])[_spread(labels)].astype(np.float32)
    weight[ignored] = 0
    return maps, weight


def _spread(labels):
    """Labels, and those of the nearest particle in the background around it.

    Both sides of an edge must weigh the same: were only the inside of small particles heavy, they would be
    found too large, and large ones too small.
    """
    if not labels.any():
        return labels
    far, (rows, columns) = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    return np.where(far <= EDGE_PX, labels[rows, columns], 0)


def _distance(labels):
    """To the own particle's edge, in px: 0.5 in a pixel at the edge."""
    padded = np.pad(labels, 1, mode="edge")  # what the frame cuts has no edge there
    inner = padded[1:-1, 1:-1]
    same = np.ones(labels.shape, bool)
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        shifted = padded[rows : rows + labels.shape[0], columns : columns + labels.shape[1]]
        same &= shifted == inner
    rim = ~same
    far = ndimage.distance_transform_edt(~rim).astype(np.float32) + 0.5
    return np.where(labels > 0, far, 0)


def _between(labels):
    """Where a particle lies within reach of another one, and the pixels that only a hair's gap parts."""
    reach = int(np.ceil(2 * BORDER_REACH_PX))
    highest = ndimage.maximum_filter(labels, size=reach)
    big = np.where(labels > 0, labels, np.iinfo(labels.dtype).max)
    lowest = ndimage.minimum_filter(big, size=reach)
    return (highest > 0) & (lowest < np.iinfo(labels.dtype).max) & (highest != lowest)


def _centres(heat, distance, labels, wanted, ecd):
    """A Gaussian where each particle is thickest; the highest counts where two meet."""
    places = ndimage.maximum_position(distance, labels, wanted)
    share, least, most = CENTRE_SIGMA
    height, width = heat.shape
    for (row, column), which in zip(places, wanted, strict=True):
        sigma = float(np.clip(share * ecd[which - 1], least, most))
        reach = int(3 * sigma) + 1
        rows = slice(max(row - reach, 0), min(row + reach + 1, height))
        columns = slice(max(column - reach, 0), min(column + reach + 1, width))
        y, x = np.ogrid[rows, columns]
        bump = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
        np.maximum(heat[rows, columns], bump, out=heat[rows, columns])
