"""Which boxes say what another box says already."""

import numpy as np

SAME_IOU = 0.5  # from here on two boxes mean one particle, as where detections are scored


def is_there_already(boxes, others, least_iou=SAME_IOU):
    """Whether some other box covers the same place.

    Parameters
    ----------
    boxes : array_like of shape (N, 4)
        x, y, width, height in pixels.
    others : array_like of shape (M, 4)
        The same.
    least_iou : float
        Intersection over union from which two boxes mean one particle, at least 0.5.

    Returns
    -------
    ndarray of bool, shape (N,)

    Notes
    -----
    With an IoU of 0.5 or more the intersection is at least half as wide as the wider box, so the two middles
    are no further apart than half the width of either. Sorted by their middles, the others that can match a
    box stand in a row. Each box is compared with its first candidate, those left with their second, etc.
    """
    boxes, others = (np.asarray(rows, dtype=float).reshape(-1, 4) for rows in (boxes, others))
    others = others[np.argsort(others[:, 0] + others[:, 2] / 2)]
    middles, middle = others[:, 0] + others[:, 2] / 2, boxes[:, 0] + boxes[:, 2] / 2
    reach = boxes[:, 2] / 2 * (1 + 1e-9)  # rounding must not cost the last one
    place = np.searchsorted(middles, middle - reach, "left")
    end = np.searchsorted(middles, middle + reach, "right")
    found = np.zeros(len(boxes), dtype=bool)
    boxes, others = boxes.T.copy(), others.T.copy()  # whole columns at a time
    rows = np.flatnonzero(place < end)
    while rows.size:
        same = _iou(boxes[:, rows], others[:, place[rows]]) >= least_iou
        found[rows[same]] = True
        place[rows] += 1
        rows = rows[~same & (place[rows] < end[rows])]
    return found


def _iou(a, b):
    """IoU of boxes pair by pair, each of shape (4, K)."""
    across = np.minimum(a[0] + a[2], b[0] + b[2]) - np.maximum(a[0], b[0])
    down = np.minimum(a[1] + a[3], b[1] + b[3]) - np.maximum(a[1], b[1])
    both = np.maximum(across, 0) * np.maximum(down, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)
