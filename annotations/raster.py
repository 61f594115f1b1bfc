"""Polygons to pixels by the even-odd rule, exactly at pixel centres; fast for outlines of many vertices."""

import numpy as np


def inside(outline, shape):
    """Pixels of a grid (H, W) whose centres a polygon holds.

    Parameters
    ----------
    outline : ndarray of shape (V, 2)
        x and y in pixels; pixel (row r, column c) has its centre at (c + 0.5, r + 0.5).

    Returns
    -------
    rows, columns : ndarray of int
        As `numpy.nonzero` gives them; empty where the polygon lies beside the grid.
    """
    height, width = shape
    low = np.clip(np.floor(outline.min(0)).astype(int), 0, (width, height))
    high = np.clip(np.ceil(outline.max(0)).astype(int), 0, (width, height))
    if (high <= low).any():
        return np.empty(0, int), np.empty(0, int)
    start = outline - low
    end = np.roll(start, -1, axis=0)
    box_w, box_h = high - low
    # Scan lines go through pixel centres; an edge crosses those from its lower end to its upper, exclusive.
    first = np.clip(np.ceil(np.minimum(start[:, 1], end[:, 1]) - 0.5).astype(int), 0, box_h)
    last = np.clip(np.ceil(np.maximum(start[:, 1], end[:, 1]) - 0.5).astype(int), 0, box_h)
    counts = last - first
    edge = np.repeat(np.arange(len(outline)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    along = (row + 0.5 - start[edge, 1]) / (end[edge, 1] - start[edge, 1])
    x = start[edge, 0] + along * (end[edge, 0] - start[edge, 0])
    column = np.clip(np.ceil(x - 0.5).astype(int), 0, box_w)
    crossings = np.bincount(row * (box_w + 1) + column, minlength=box_h * (box_w + 1))
    is_inside = np.cumsum(crossings.reshape(box_h, box_w + 1), axis=1)[:, :-1] % 2 == 1
    rows, columns = np.nonzero(is_inside)
    return rows + low[1], columns + low[0]
