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
    look_of = np.repeat(np.arange(len(looks)), [len(look.seen) for look in looks])
    zoom = np.array([look.zoom for look in looks])[look_of]
    boxes = np.array([one.box for one in finds], float).reshape(-1, 4) / zoom[:, None]
    worth = np.array([one.confidence * fitness(one.ecd_look_px) for one in finds])
    pairs = [
        (mine[i], theirs[j], shared)
        for a, mine in enumerate(np.flatnonzero(look_of == k) for k in range(len(looks)))
        for theirs in (np.flatnonzero(look_of == b) for b in range(a))
        for i, j, shared in [overlaps(boxes[mine], boxes[theirs])]
    ]
    kept = [[] for _ in looks]
    for k in sorted(best(worth, boxes, pairs)):
        kept[look_of[k]].append(finds[k])
    return kept


def overlaps(boxes, others):
    """Pairs of boxes (N, 4) and (M, 4) that share anything: indices into both, and the area they share."""
    low, high = others[:, :2], others[:, :2] + others[:, 2:]
    order = np.argsort(low[:, 0], kind="stable")
    # Of the others, from the left: those that begin before a box ends, without those before the first that
    # reaches it.
    last = np.searchsorted(low[order, 0], boxes[:, 0] + boxes[:, 2])
    first = np.searchsorted(np.maximum.accumulate(high[order, 0]), boxes[:, 0], side="right")
    counts = np.maximum(last - first, 0)
    i = np.repeat(np.arange(len(boxes)), counts)
    j = order[np.arange(len(i)) - np.repeat(np.cumsum(counts) - counts, counts) + first[i]]
    sides = np.minimum(high[j], boxes[i, :2] + boxes[i, 2:]) - np.maximum(low[j], boxes[i, :2])
    shared = np.clip(sides, 0, None).prod(1)
    is_any = shared > 0
    return i[is_any], j[is_any], shared[is_any]


def best(worth, boxes, pairs):
    """Indices of finds, the worthiest first, of which no two that compete are both kept.

    pairs : sequence of (indices, indices, areas)
        Finds that share some area. They compete if they are as good as one, or one a piece of the other.
    """
    i, j, shared = (np.concatenate(one) for one in zip(*pairs, strict=True)) if pairs else np.zeros((3, 0))
    i, j = i.astype(int), j.astype(int)
    area = boxes[:, 2:].prod(1)
    small, large = np.minimum(area[i], area[j]), np.maximum(area[i], area[j])
    rivals = (shared > SAME_IOU * (area[i] + area[j] - shared)) | (
        (shared > INSIDE * small) & (small > PIECE * large)
    )
    i, j = np.r_[i[rivals], j[rivals]], np.r_[j[rivals], i[rivals]]
    order = np.argsort(i, kind="stable")
    j, bounds = j[order], np.searchsorted(i[order], np.arange(len(boxes) + 1))
    is_gone, kept = np.zeros(len(boxes), bool), []
    for k in np.argsort(-worth, kind="stable").tolist():
        if not is_gone[k]:
            kept.append(k)
            is_gone[j[bounds[k] : bounds[k + 1]]] = True
    return kept
