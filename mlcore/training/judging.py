"""What a find is worth, learnt from frames whose particles are known and whose network never saw them."""

from dataclasses import dataclass

import numpy as np

from mlcore.evaluation.evaluate import pair
from mlcore.evaluation.frames import make_frame
from mlcore.inference.evidence import Finds, features, odds
from mlcore.inference.judge import products
from mlcore.training.logistic import fit_logistic, standard

IOU = 0.5
RIDGE = 0.005  # half of it times a weight squared, against the mean cost of one find


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
    values, answer, weight = [], [], []
    for one, counts, each in _weighed(frames, lambda one: one.answer >= 0):
        values.append(features(one.finds)[counts])
        answer.append(one.answer[counts])
        weight.append(np.full(len(answer[-1]), each))
    if len(np.unique(np.concatenate([np.zeros(0, int), *answer]))) < 2:
        raise ValueError("The judged frames hold no finds both right and wrong: there is nothing to learn.")
    values, answer, weight = (np.concatenate(one) for one in (values, answer, weight))
    mean, scale = standard(values, weight)
    weights, offset = fit_logistic(products((values - mean) / scale), answer == 1, weight, ridge)
    short = [np.round(one, 5).tolist() for one in (mean, scale, weights)]
    return dict(zip(("mean", "scale", "weights"), short, strict=True)) | {"offset": round(offset, 5)}


def trust(frames):
    """Slope and offset of the logistic from a network's own confidence to the share that are particles.

    By maximum likelihood (J. Platt 1999); each group has the same weight.
    """
    shares, answer, weight = [], [], []
    for one, counts, each in _weighed(frames, lambda one: (one.answer >= 0) & ~one.finds.is_classical):
        shares.append(odds(one.finds.sure[counts], 1e-4))
        answer.append(one.answer[counts])
        weight.append(np.full(len(answer[-1]), each))
    shares, answer, weight = (np.concatenate(one) for one in (shares, answer, weight))
    slope, offset = fit_logistic(shares[:, None], answer == 1, weight, 0.0)
    return {"slope": max(float(slope[0]), 0.05), "offset": offset}


def _weighed(frames, counts):
    """(frame, which of its finds count, the weight of each): so that groups weigh the same in all."""
    total = {}
    for one in frames:
        total[one.group] = total.get(one.group, 0) + np.count_nonzero(counts(one))
    return [(one, counts(one), 1 / total[one.group]) for one in frames if counts(one).any()]
