"""Pair found with true particles, one to one, by overlap."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Matching:
    """Pairs (M, 2) of indices (true, found), their IoU (M,), and what was left over."""

    pairs: np.ndarray
    iou: np.ndarray
    n_true: int
    n_found: int

    @property
    def n_missed(self):
        return self.n_true - len(self.pairs)

    @property
    def n_false(self):
        return self.n_found - len(self.pairs)


def box_iou(true, found):
    """Intersection over union of every true with every found box.

    Parameters
    ----------
    true, found : array_like of shape (T, 4) and (D, 4)
        Boxes x, y, width, height.

    Returns
    -------
    ndarray of shape (T, D)
    """
    true = np.asarray(true, dtype=float).reshape(-1, 4)[:, None]
    found = np.asarray(found, dtype=float).reshape(-1, 4)[None]
    low = np.maximum(true[..., :2], found[..., :2])
    high = np.minimum(true[..., :2] + true[..., 2:], found[..., :2] + found[..., 2:])
    overlap = np.clip(high - low, 0, None).prod(-1)
    union = true[..., 2:].prod(-1) + found[..., 2:].prod(-1) - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def label_iou(true, found):
    """Intersection over union of every true with every found region of two label maps.

    Parameters
    ----------
    true, found : ndarray of int, shape (H, W)
        0 is background, the particles are 1 to T and 1 to D.

    Returns
    -------
    ndarray of shape (T, D)
    """
    if true.shape != found.shape:
        raise ValueError(f"Label maps must share one grid, got {true.shape} and {found.shape}.")
    n_true, n_found = int(true.max(initial=0)), int(found.max(initial=0))
    together = np.bincount(
        true.ravel().astype(np.int64) * (n_found + 1) + found.ravel(),
        minlength=(n_true + 1) * (n_found + 1),
    ).reshape(n_true + 1, n_found + 1)
    overlap = together[1:, 1:]
    union = together.sum(1)[1:, None] + together.sum(0)[None, 1:] - overlap
    return np.divide(overlap, union, out=np.zeros(overlap.shape), where=union > 0)


def match(iou, iou_min=0.5):
    """Pair rows with columns one to one: as many pairs as can be, then the largest sum of IoU.

    Parameters
    ----------
    iou : ndarray of shape (T, D)
        Overlap of true with found particles.
    iou_min : float or array_like of shape (T,), optional
        Smallest overlap that counts as the same particle, in (0, 1]; one for all or one a true particle.

    Returns
    -------
    Matching
    """
    iou_min = np.broadcast_to(np.asarray(iou_min, dtype=float), iou.shape[:1])
    if ((iou_min <= 0) | (iou_min > 1)).any():
        raise ValueError(f"iou_min must be in (0, 1], got {iou_min.min()} to {iou_min.max()}.")
    n_true, n_found = iou.shape
    rows, columns = np.nonzero(iou >= iou_min[:, None])
    if not len(rows):
        return Matching(np.zeros((0, 2), dtype=int), np.zeros(0), n_true, n_found)
    # Particles that overlap nothing in common are assigned apart: a frame of 5,000 is then no 5,000 x 5,000.
    size = n_true + n_found
    links = coo_matrix((np.ones(len(rows)), (rows, columns + n_true)), shape=(size, size))
    _, group = connected_components(links, directed=False)
    pairs = []
    order = np.argsort(group[rows], kind="stable")
    for members in np.split(order, np.nonzero(np.diff(group[rows][order]))[0] + 1):
        some_true, some_found = np.unique(rows[members]), np.unique(columns[members])
        part = iou[np.ix_(some_true, some_found)]
        counts = part >= iou_min[some_true, None]
        # 1 for a pair that counts outweighs any sum of overlaps below 1.
        gain = np.where(counts, 1 + part / (1 + min(part.shape)), 0)
        picked = linear_sum_assignment(gain, maximize=True)
        good = counts[picked]
        pairs += zip(some_true[picked[0][good]], some_found[picked[1][good]], strict=True)
    pairs = np.array(sorted(pairs), dtype=int).reshape(-1, 2)
    return Matching(pairs, iou[pairs[:, 0], pairs[:, 1]], n_true, n_found)
