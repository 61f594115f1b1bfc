"""What tells micrographs from other pictures: a logistic of the encoder's mean features."""

import numpy as np

from mlcore.inference.familiarity import FARTHEST, strangeness
from mlcore.training.logistic import fit_logistic, standard

RIDGE = 0.02
PARTS = 5
FALSE_ALARMS = 0.02  # for a sentence beside the result


def fit(usual, strange, seed=0):
    """The reference of `inference/familiarity.py`, from features (N, F) of micrographs and (M, F) of others.

    The limit is that of which five-fold cross-validation, every frame judged by a fit without it, lets
    FALSE_ALARMS of the micrographs pass; it is never under even odds.

    Returns
    -------
    dict
        mean, scale and weights (F,) as lists, offset, limit, and `told`, the share of other pictures that
        cross-validation told.
    """
    values = np.concatenate([np.asarray(usual, float), np.asarray(strange, float)])
    is_other = np.arange(len(values)) >= len(usual)
    part = np.random.default_rng(seed).permutation(len(values)) % PARTS
    held_out = np.zeros(len(values))
    for k in range(PARTS):
        reference = _fitted(values[part != k], is_other[part != k])
        held_out[part == k] = [strangeness(one, reference) for one in values[part == k]]
    limit = max(float(np.quantile(held_out[~is_other], 1 - FALSE_ALARMS)), 0.0)
    reference = {name: np.round(one, 5).tolist() for name, one in _fitted(values, is_other).items()}
    return {**reference, "limit": round(limit, 4), "told": float((held_out[is_other] > limit).mean())}


def _fitted(values, is_other):
    weight = np.where(is_other, 1 / is_other.sum(), 1 / (~is_other).sum())
    mean, scale = standard(values, weight)
    terms = np.clip((values - mean) / scale, -FARTHEST, FARTHEST)
    weights, offset = fit_logistic(terms, is_other, weight, RIDGE)
    return {"mean": mean, "scale": scale, "weights": weights, "offset": offset}
