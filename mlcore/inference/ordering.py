"""In which order frames are worth a person's time: where engines disagree, and unlike what came before."""

from dataclasses import dataclass

import numpy as np

# Shares of the three reasons; ../docs/models.md says what the order achieves against chance.
DISAGREEMENT, WIDTH, STRANGENESS = 0.5, 0.3, 0.2


@dataclass(frozen=True)
class Ordered:
    """Frames in order. `score` is what a frame is worth alone, `distance` how unlike it is those before it.

    Both are 0 to 1 and in the order of the frames that came in; `order` are indices of these.
    """

    order: list
    score: np.ndarray
    distance: np.ndarray


def ordered(agreement, width, strangeness, features, *, known=None):
    """Order frames by what they are worth times how unlike the frames before them they are.

    Parameters
    ----------
    agreement : sequence of float (N,)
        F1 of one engine against another, 0 to 1.
    width : sequence of float (N,)
        Mean width of the intervals of size over the size; NaN where there is none.
    strangeness : sequence of float (N,)
        Log odds of being no micrograph; NaN where it is not known.
    features : array_like of shape (N, F)
        What an encoder saw; frames of no features count as far from all.
    known : array_like of shape (M, F), optional
        Features of frames that are labelled already.

    Notes
    -----
    Greedy k-centre: each next frame is the one with the largest score times distance to the nearest frame
    that was chosen or known (O. Sener, S. Savarese, ICLR 2018), here weighted by the score.
    """
    agreement = np.asarray(agreement, float)
    score = DISAGREEMENT * (1 - np.where(np.isfinite(agreement), agreement, 0.0))
    score += WIDTH * np.clip(_filled(width), 0, 1) + STRANGENESS * _percentiles(strangeness)
    distances = _distances(features, known)
    n = len(score)
    nearest = distances[:, n:].min(1) if distances.shape[1] > n else np.ones(n)
    order, at_choice = [], np.ones(n)
    left = np.ones(n, bool)
    for _ in range(n):
        worth = np.where(left, (score + 1e-6) * nearest + 1e-9 * score, -1.0)
        best = int(worth.argmax())
        at_choice[best] = nearest[best]
        order.append(best)
        left[best] = False
        nearest = np.minimum(nearest, distances[:, best])
    return Ordered(order, score, at_choice)


def _distances(features, known):
    """Distances (N, N + M) between standardised features, the largest 1."""
    features = np.asarray(features, float)
    n = len(features)
    if features.ndim != 2 or not features.shape[1]:
        return 1 - np.eye(n)
    every = features if known is None or not len(known) else np.concatenate([features, np.asarray(known)])
    scale = every.std(0)
    every = (every - every.mean(0)) / np.where(scale > 0, scale, 1)
    squares = (every**2).sum(1)
    square = np.clip(squares[:n, None] + squares[None] - 2 * every[:n] @ every.T, 0, None)
    distances = np.sqrt(square)
    return distances / max(distances.max(initial=0), 1e-12)


def _percentiles(values):
    """The share of frames that are less strange (N,); the middle where it is not known."""
    values = np.asarray(values, float)
    known = np.isfinite(values)
    ranks = np.full(len(values), 0.5)
    if known.sum() > 1:
        ranks[known] = values[known].argsort().argsort() / (known.sum() - 1)
    return ranks


def _filled(values):
    """Values whose gaps are the mean of the rest, 0 where there is none."""
    values = np.asarray(values, float)
    known = np.isfinite(values)
    return np.where(known, values, values[known].mean() if known.any() else 0.0)
