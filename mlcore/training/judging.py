"""What a find is worth, learnt from frames whose particles are known and whose network never saw them."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from mlcore.evaluation.evaluate import pair
from mlcore.evaluation.frames import make_frame
from mlcore.inference.evidence import Finds, features
from mlcore.inference.judge import products

IOU = 0.5
RIDGE = 0.02  # of a weight squared, against the mean cost of one find


@dataclass(frozen=True, eq=False)
class Judged:
    """A frame's finds and the answers (N,): 1 a particle, 0 none, -1 does not count.

    `group` is the set that the frame is of; `fold` names the network that was asked.
    """

    group: str
    fold: str
    finds: Finds
    answer: np.ndarray


def judged(engine, frame, *, group, fold):
    """An engine's finds on a test frame (`evaluation.sets.TestFrame`) with their answers."""
    finds = engine.finds(frame.labelled.image())
    answer = np.zeros(len(finds), int)
    for finder in (False, True):  # each is asked by itself: the same particle, found by both, is right twice
        mine = np.flatnonzero(finds.is_classical == finder)
        answer[mine] = pair(frame.true, make_frame(frame.labelled.name, finds.boxes[mine]), IOU).hit
    return Judged(group, fold, finds, answer)


def fit(frames, ridge=RIDGE):
    """The judge of `inference/judge.py` from judged frames: each group has the same weight.

    Maximum likelihood with a ridge on all weights but the offset.

    Returns
    -------
    dict
        mean and scale (F,) of the features, weights of `products`, offset: lists, as JSON keeps them.

    Raises
    ------
    ValueError
        If there is nothing to learn from: no find, or none that is a particle, or none that is not.
    """
    frames = [one for one in frames if (one.answer >= 0).any()]
    values, answer, weight = [], [], []
    for group in dict.fromkeys(one.group for one in frames):
        mine = [one for one in frames if one.group == group]
        total = sum(np.count_nonzero(one.answer >= 0) for one in mine)
        for one in mine:
            counts = one.answer >= 0
            values.append(features(one.finds)[counts])
            answer.append(one.answer[counts])
            weight.append(np.full(len(answer[-1]), 1 / total))
    if len(np.unique(np.concatenate([np.zeros(0, int), *answer]))) < 2:
        raise ValueError("The judged frames hold no finds both right and wrong: there is nothing to learn.")
    values, answer = np.concatenate(values), np.concatenate(answer)
    weight = np.concatenate(weight) / np.sum([one.sum() for one in weight])
    mean = weight @ values
    scale = np.sqrt(weight @ (values - mean) ** 2) + 1e-3
    terms, sign = products((values - mean) / scale), 2.0 * answer - 1

    def cost(parameters):
        weights, offset = parameters[:-1], parameters[-1]
        margin = sign * (terms @ weights + offset)
        slope = -sign * weight / (1 + np.exp(np.clip(margin, -500, 500)))
        gradient = np.append(terms.T @ slope + ridge * weights, slope.sum())
        return (weight * np.logaddexp(0, -margin)).sum() + ridge / 2 * (weights**2).sum(), gradient

    best = minimize(cost, np.zeros(terms.shape[1] + 1), jac=True, method="L-BFGS-B").x
    short = [np.round(one, 5).tolist() for one in (mean, scale, best[:-1])]
    return dict(zip(("mean", "scale", "weights"), short, strict=True)) | {"offset": round(float(best[-1]), 5)}
