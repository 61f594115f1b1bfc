"""One particle, one outline: of two that lie on the same place the better one stays."""

import numpy as np

from annotations.outline import outline_mask, polygon_area

MAX_SHARED = 0.3  # of the smaller one's area


def distinct(outlines, quality):
    """Which outlines to keep, the best first.

    Outlines are refined one by one, each on the scale on which it was found: the halo that a coarse scale
    shows of a small particle ends, refined, on the particle itself, or as a fatter ring around it.

    Parameters
    ----------
    outlines : list of ndarray, shape (V, 2)
    quality : ndarray of shape (K,)

    Returns
    -------
    list of int
    """
    kept = []
    if not len(outlines):
        return kept
    low = np.array([one.min(0) for one in outlines])
    high = np.array([one.max(0) for one in outlines])
    area = np.array([polygon_area(one) for one in outlines])
    for k in np.argsort(-np.asarray(quality), kind="stable").tolist():
        others = np.array(kept, dtype=int)
        sides = np.minimum(high[others], high[k]) - np.maximum(low[others], low[k])
        shared = np.clip(sides, 0, None).prod(-1)
        near = others[shared > MAX_SHARED * np.minimum(area[others], area[k])]
        least = MAX_SHARED * np.minimum(area[near], area[k])
        if not any(
            shared_area(outlines[k], outlines[other]) > limit
            for other, limit in zip(near, least, strict=True)
        ):
            kept.append(k)
    return kept


def shared_area(one, other):
    """Area, in px², of what two outlines share, counted on pixels finer than the smaller one."""
    low = np.maximum(one.min(0), other.min(0))
    high = np.minimum(one.max(0), other.max(0))
    area = min(polygon_area(one), polygon_area(other))
    fine = max(1.0, 12 / np.sqrt(area))  # at least about a hundred of them in the smaller one
    size = np.ceil((high - low) * fine).astype(int) + 1
    if (size < 2).any():
        return 0.0
    both = outline_mask((one - low) * fine, size) & outline_mask((other - low) * fine, size)
    return float(np.count_nonzero(both) / fine**2)
