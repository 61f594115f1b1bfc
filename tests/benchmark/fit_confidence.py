"""Fit the logistic that turns a region's quality into a confidence: prints the two numbers of classical.py.

python -m tests.benchmark.fit_confidence

Every labelled set has the same weight, so that the one with most particles does not decide alone. Beside the
fit to all sets stand those without each of them: how far the numbers depend on what was labelled.
"""

import numpy as np
from scipy.optimize import minimize

from mlcore.evaluation.matching import box_iou, match
from mlcore.inference import classical
from tests.benchmark import labelled


def qualities(images):
    """Quality of every region found and whether it matches a labelled particle."""
    engine, quality, is_hit = classical.ClassicalEngine(), [], []
    for one in images:
        found = engine.find(one.image)
        boxes = labelled.boxes_of(found)
        counts = ~labelled.is_sliver(boxes, one.image.shape)
        true = one.boxes[~labelled.is_sliver(one.boxes, one.image.shape)]
        hit = np.zeros(int(counts.sum()), dtype=bool)
        hit[match(box_iou(true, boxes[counts])).pairs[:, 1]] = True
        trust = np.array([p.confidence for p in found])[counts]
        quality.append(classical.HALF_TRUST_QUALITY * (trust / (1 - trust)) ** (1 / classical.TRUST_POWER))
        is_hit.append(hit)
    return np.concatenate(quality), np.concatenate(is_hit)


def fit(sets):
    """(quality of half trust, power) of 1 / (1 + (half / quality)^power) by maximum likelihood."""
    x = np.concatenate([np.log(quality) for quality, _ in sets])
    sign = np.concatenate([2.0 * hit - 1 for _, hit in sets])
    weight = np.concatenate([np.full(len(hit), 1 / len(hit)) for _, hit in sets])

    def cost(parameters):
        offset, power = parameters
        return (weight * np.logaddexp(0, -sign * (offset + power * x))).sum()

    offset, power = minimize(cost, [0.0, 1.0]).x
    return np.exp(-offset / power), power


def main():
    known = {name: qualities(images) for name, load in labelled.SETS.items() if (images := list(load()))}
    print("all sets: half trust at quality {:.2f}, power {:.2f}".format(*fit(list(known.values()))))
    for name in known:
        rest = [pair for other, pair in known.items() if other != name]
        print("without {}: {:.2f}, {:.2f}".format(name, *fit(rest)))


if __name__ == "__main__":
    main()
