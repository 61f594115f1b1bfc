"""How likely a find is a particle: a logistic of the evidence and of its products, two by two."""

import numpy as np

from mlcore.inference.decoders import sigmoid
from mlcore.inference.evidence import features


def confidence(finds, judge):
    """The share (N,) of such finds that are particles, by a judge that `training/judging.py` fitted."""
    if not len(finds):
        return np.zeros(0)
    terms = products((features(finds) - judge["mean"]) / judge["scale"])
    return sigmoid(np.clip(terms @ np.array(judge["weights"]) + judge["offset"], -30, 30))


def products(values):
    """Values (N, F) and their products two by two, (N, F + F (F + 1) / 2), within bounds.

    Evidence far from all that was judged before counts no more than evidence at its border.
    """
    values = np.clip(values, -3, 3)
    rows, columns = np.triu_indices(values.shape[1])
    return np.concatenate([values, values[:, rows] * values[:, columns]], axis=1)
