"""Several looks at one frame, each at its own sampling, into one list of particles."""

import numpy as np

from annotations.outline import polygon_area
from mlcore.inference.distinct import shared_area

GOOD_PX = (9.0, 60.0)  # diameters, in a look's pixels, that networks know best
SAME_IOU = 0.3  # of two looks: the same particle, or one of them wrong
INSIDE = 0.8  # of a find lies in a larger one that is better seen: a piece of it


def fitness(ecd_px):
    """1 where a look's sampling suits a diameter, less the further it is from that."""
    octaves = np.maximum(np.log2(GOOD_PX[0] / ecd_px), np.log2(ecd_px / GOOD_PX[1]))
    return float(np.exp(-2 * np.clip(octaves, 0, None) ** 2))


def merged(looks):
    """What is seen in at least one look (lists of objects with outline, confidence and ecd_look_px), once.

    The last look is the frame's own; an earlier, coarser one adds what was too large for it, as far as it
    sees that better.
    """
    last = looks[-1]
    others = [one for look in looks[:-1] for one in look if fitness(one.ecd_look_px) > 0.5]
    if not others:
        return list(last)
    everything = [*last, *others]
    n_last = len(last)
    worth = np.array([one.confidence * fitness(one.ecd_look_px) for one in everything])
    low = np.array([one.outline.min(0) for one in everything])
    high = np.array([one.outline.max(0) for one in everything])
    area = np.array([polygon_area(one.outline) for one in everything])
    kept = []
    for k in np.argsort(-worth, kind="stable").tolist():
        rivals = np.array(kept, dtype=int)
        sides = np.clip(np.minimum(high[rivals], high[k]) - np.maximum(low[rivals], low[k]), 0, None)
        near = rivals[sides.prod(-1) > SAME_IOU / 2 * np.minimum(area[rivals], area[k])]
        # Two of one look were told apart by it.
        near = [one for one in near if (one < n_last) != (k < n_last)]
        if not any(_same(everything[k], everything[one], area[k], area[one]) for one in near):
            kept.append(k)
    return [everything[k] for k in kept]


def _same(one, other, area, other_area):
    both = shared_area(one.outline, other.outline)
    return both / (area + other_area - both) > SAME_IOU or both > INSIDE * area > INSIDE * 0.15 * other_area
