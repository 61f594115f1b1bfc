"""Small masks, many of them: what SciPy has, without the checks that cost more than the work."""

import numpy as np
from scipy import ndimage

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)


def filled(mask):
    """A mask with its holes filled, as `scipy.ndimage.binary_fill_holes`."""
    outside = np.ones((mask.shape[0] + 2, mask.shape[1] + 2), dtype=bool)
    np.logical_not(mask, out=outside[1:-1, 1:-1])
    labels, count = ndimage.label(outside, CROSS)
    return mask if count == 1 else labels[1:-1, 1:-1] != labels[0, 0]


def eroded(mask):
    """A mask without its rim; what lies beyond the array counts as inside."""
    core = mask.copy()
    core[1:] &= mask[:-1]
    core[:-1] &= mask[1:]
    core[:, 1:] &= mask[:, :-1]
    core[:, :-1] &= mask[:, 1:]
    return core


def fill(mask):
    """Area over that of the ellipse of equal second moments: 1 for an ellipse, less where concave."""
    count = np.count_nonzero(mask)
    if count < 3:
        return 1.0
    share = mask / count
    x, y = _centered(share.sum(0)), _centered(share.sum(1))
    xx, yy, xy = x * x @ share.sum(0) + 1 / 12, y * y @ share.sum(1) + 1 / 12, y @ share @ x
    return min(1.0, count / (4 * np.pi * np.sqrt(max(xx * yy - xy**2, 1e-12))))


def median(values):
    """The upper median; `np.median` spends most of its time on checks where values are few."""
    middle = len(values) // 2
    return np.partition(values, middle)[middle]


def _centered(share):
    """Positions along an axis, from the mean that their shares give."""
    at = np.arange(len(share))
    return at - at @ share
