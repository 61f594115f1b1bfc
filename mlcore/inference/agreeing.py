"""Outlines that have the size and elongation that were estimated for them."""

from dataclasses import replace

import numpy as np

from annotations.shape import polygon_moments


def agreeing(outlines, estimates):
    """Outlines (V, 2) scaled and stretched about their centroids, and the estimates as they read of these.

    A table, a page and an export then tell one diameter and one aspect ratio, whichever of them measures.
    The stretch is along the axes of the moment ellipse, by which the aspect ratio is defined. Where there is
    no estimate an outline stays.
    """
    known = [k for k, one in enumerate(estimates) if one is not None]
    if not known:
        return outlines, estimates
    _, centroids, covariances, _ = polygon_moments([outlines[k] for k in known])
    values, axes = np.linalg.eigh(covariances)  # the smaller first
    wanted = [estimates[k] for k in known]
    factor = np.array([one.ecd_factor for one in wanted])
    elongation = np.array([one.aspect_ratio or np.nan for one in wanted], float)
    is_flat = np.isnan(elongation) | (values[:, 0] <= 0)
    values = np.where(is_flat[:, None], 1.0, values)
    change = np.where(is_flat, 1.0, np.sqrt(elongation / np.sqrt(values[:, 1] / values[:, 0])))
    stretch = factor[:, None] * np.stack([1 / change, change], axis=1)
    turn = (axes * stretch[:, None]) @ axes.swapaxes(1, 2)
    outlines, estimates = list(outlines), list(estimates)
    for k, centroid, matrix, one in zip(known, centroids, turn, wanted, strict=True):
        outlines[k] = (outlines[k] - centroid) @ matrix + centroid
        estimates[k] = replace(
            one,
            ecd_factor=1.0,
            ecd_factor_low=one.ecd_factor_low / one.ecd_factor,
            ecd_factor_high=one.ecd_factor_high / one.ecd_factor,
        )
    return outlines, estimates
