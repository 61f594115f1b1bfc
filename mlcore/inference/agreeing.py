"""An outline that has the size and elongation that were estimated for it."""

from dataclasses import replace

import numpy as np

from annotations.shape import polygon_moments


def agreeing(outline, estimate):
    """Outline (V, 2) scaled and stretched about its centroid, and the estimate as it reads of the new one.

    A table, a page and an export then tell one diameter and one aspect ratio, whichever of them measures.
    The stretch is along the axes of the moment ellipse, by which the aspect ratio is defined.
    """
    _, centroid, covariance, _ = (one[0] for one in polygon_moments([outline]))
    values, axes = np.linalg.eigh(covariance)  # the smaller first
    stretch = np.full(2, estimate.ecd_factor)
    if estimate.aspect_ratio is not None and values[0] > 0:
        change = np.sqrt(estimate.aspect_ratio / np.sqrt(values[1] / values[0]))
        stretch *= [1 / change, change]
    moved = (outline - centroid) @ axes * stretch @ axes.T + centroid
    factor = estimate.ecd_factor
    return moved, replace(
        estimate,
        ecd_factor=1.0,
        ecd_factor_low=estimate.ecd_factor_low / factor,
        ecd_factor_high=estimate.ecd_factor_high / factor,
    )
