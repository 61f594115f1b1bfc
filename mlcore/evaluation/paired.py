"""The difference of two methods on the very same frames."""

import numpy as np

from mlcore.evaluation.scores import LEVEL, RESAMPLES


def f1_difference(one, other, *, resamples=RESAMPLES, seed=0):
    """F1 of one method less that of another, over all particles, with an interval over images.

    Parameters
    ----------
    one, other : array_like of shape (images, 3)
        Matched, true and found particles of each frame, the frames in the same order.

    Returns
    -------
    dict
        "value", "low" and "high" (95 % percentile interval of resampled images, both methods on the same
        draw), None where there is no F1, or no interval because there is one image.
    """
    one, other = np.asarray(one, float).reshape(-1, 3), np.asarray(other, float).reshape(-1, 3)
    if one.shape != other.shape:
        raise ValueError(f"Both methods must have the same frames, got {len(one)} and {len(other)}.")
    value = float(_f1(one.sum(0)) - _f1(other.sum(0)))
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if len(one) < 2:
        return {"value": value, "low": None, "high": None}
    draws = np.random.default_rng(seed).integers(len(one), size=(resamples, len(one)))
    differences = _f1(one[draws].sum(1)) - _f1(other[draws].sum(1))
    differences = differences[np.isfinite(differences)]
    low, high = np.quantile(differences, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": value, "low": float(low), "high": float(high)}


def paired_f1(one, other):
    """F1 of `one` less that of `other` with its interval, over the frames that both have counts of.

    Parameters
    ----------
    one, other : dict of str to (matched, true, found)
        By the frame's name.

    Returns
    -------
    dict
        value, low, high of `f1_difference`, and the number of frames, `n`.
    """
    names = sorted(set(one) & set(other))
    if not names:
        return {"value": None, "low": None, "high": None, "n": 0}
    return f1_difference([one[k] for k in names], [other[k] for k in names]) | {"n": len(names)}


def _f1(counts):
    matched, n_true, n_found = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * matched / (n_true + n_found)
