"""Several looks at one frame, each at its own sampling, into one list of particles."""

import numpy as np

from mlcore.evaluation.matching import box_iou

GOOD_PX = (9.0, 60.0)  # diameters, in a look's pixels, that networks know best
FIT = 0.7
SAME_IOU = 0.3  # of boxes: the same particle, or one of them wrong
INSIDE = 0.8  # of a find's box lies in that of a larger one which is better seen: a piece of it
PIECE = 0.15  # of the larger one's box at least: smaller ones may well lie on large ones


def fitness(ecd_px):
    """1 where a look's sampling suits a diameter, less the further it is from that."""
    octaves = np.maximum(np.log2(GOOD_PX[0] / ecd_px), np.log2(ecd_px / GOOD_PX[1]))
    return np.exp(-2 * np.clip(octaves, 0, None) ** 2)


def worth_adding(looks):
    """What other looks saw and the last one was not suited to: lists of finds, one a look but the last.

    Looks have a `zoom` and `seen`, finds an `ecd_look_px` and a `confidence`.
    """
    last = looks[-1].zoom
    return [
        [
            one
            for one in look.seen
            if fitness(one.ecd_look_px) > FIT > fitness(one.ecd_look_px * last / look.zoom)
        ]
        for look in looks[:-1]
    ]


def merged(seen, others):
    """Finds of the frame's own look, and those of another that saw its places better; see `worth_adding`."""
    if not others:
        return list(seen)
    everything = [*seen, *others]
    n = len(seen)
    worth = np.array([one.confidence * fitness(one.ecd_look_px) for one in everything])
    boxes = np.array([[*one.outline.min(0), *np.ptp(one.outline, axis=0)] for one in everything])
    rivals = box_iou(boxes[n:], boxes)  # two of one look were told apart by it
    area = boxes[:, 2:].prod(1)
    shared = rivals * (area[n:, None] + area) / (1 + rivals)
    least = np.minimum(area[n:, None], area)
    piece = (shared > INSIDE * least) & (least > PIECE * np.maximum(area[n:, None], area))
    same = (rivals > SAME_IOU) | piece
    gone = np.zeros(len(everything), bool)
    for k in np.argsort(-worth, kind="stable").tolist():
        if gone[k]:
            continue
        if k >= n:
            mine = same[k - n].copy()
            mine[k] = False
            gone |= mine
        else:
            gone[n:] |= same[:, k]
    return [one for one, is_gone in zip(everything, gone, strict=True) if not is_gone]
