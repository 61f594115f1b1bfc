"""Several looks at one frame, each at its own sampling, into one list of particles."""

import numpy as np

GOOD_PX = (9.0, 60.0)  # diameters, in a look's pixels, that networks know best
SAME_IOU = 0.3  # of boxes: the same particle, or one of them wrong
INSIDE = 0.8  # of a find's box lies in that of a larger one: a piece of it
PIECE = 0.02  # of the larger one's box at least: smaller ones may well lie on large ones


def fitness(ecd_px):
    """1 where a look's sampling suits a diameter, less the further it is from that."""
    octaves = np.maximum(np.log2(GOOD_PX[0] / ecd_px), np.log2(ecd_px / GOOD_PX[1]))
    return np.exp(-2 * np.clip(octaves, 0, None) ** 2)


def survivors(looks):
    """Of what the looks saw of one place, what is worth most: confidence times how well its look suited it.

    Two of one look do not compete: the look has told them apart.

    Parameters
    ----------
    looks : sequence
        Each with `zoom` and `seen`, whose finds have `box` (x, y, width, height, in the look's pixels),
        `ecd_look_px` and `confidence`.

    Returns
    -------
    list of list
        Of each look, the finds that stay.
    """
    finds = [one for look in looks for one in look.seen]
    if sum(bool(look.seen) for look in looks) < 2:
        return [list(look.seen) for look in looks]
    look_of = np.repeat(np.arange(len(looks)), [len(look.seen) for look in looks])
    zoom = np.array([look.zoom for look in looks])[look_of]
    boxes = np.array([one.box for one in finds], float) / zoom[:, None]
    worth = np.array([one.confidence * fitness(one.ecd_look_px) for one in finds])
    low, high, area = boxes[:, :2], boxes[:, :2] + boxes[:, 2:], boxes[:, 2:].prod(1)
    gone = np.zeros(len(finds), bool)
    for k in np.argsort(-worth, kind="stable").tolist():
        if gone[k]:
            continue
        sides = np.minimum(high, high[k]) - np.maximum(low, low[k])
        shared = np.clip(sides, 0, None).prod(1)
        smaller, larger = np.minimum(area, area[k]), np.maximum(area, area[k])
        same = shared > SAME_IOU * (area + area[k] - shared)
        piece = (shared > INSIDE * smaller) & (smaller > PIECE * larger)
        gone |= (same | piece) & (look_of != look_of[k]) & (worth <= worth[k])
    kept = [[] for _ in looks]
    for k in np.flatnonzero(~gone).tolist():
        kept[look_of[k]].append(finds[k])
    return kept
