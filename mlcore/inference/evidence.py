"""What is known of a find before it is judged: the maps in and around it, and what else was found there."""

from dataclasses import dataclass

import numpy as np

from mlcore.inference.decoders import sigmoid
from mlcore.inference.merging import INSIDE, SAME_IOU, best, overlaps

RINGS = (0.0, 0.35, 0.7, 1.0, 1.35, 1.8)  # times the outline, about the middle of its box
MAPS = ("foreground", "border", "distance", "centre", "tube", "aggregate")
GREY = len(MAPS)  # place of the frame's own grey levels behind the maps
SURE = 0.6  # finds from which on say how particles of the frame differ from what surrounds them
POINTS = 16  # of an outline
CLEARLY_LARGER = 1.4


@dataclass(frozen=True, eq=False)
class Finds:
    """All finds of a frame, of networks and of the classical search alike.

    Boxes (N, 4) in the frame's pixels; whether each is the classical engine's (N,); how sure its finder is
    (N,), 0 to 1; the maps around it (N, R, M + 1), by RINGS and MAPS, the frame's grey levels last; its
    diameter (N,) in pixels of the look that suits it best.
    """

    boxes: np.ndarray
    is_classical: np.ndarray
    sure: np.ndarray
    maps: np.ndarray
    look_px: np.ndarray

    def __len__(self):
        return len(self.boxes)


def sampled(frame, maps, outlines):
    """Means of maps over rings about outlines, of the centre's map the highest value: (N, R, M + 1).

    Parameters
    ----------
    frame : ndarray of shape (H, W)
        Its grey levels come last.
    maps : dict of str to ndarray of shape (H, W)
        Logits, with all of MAPS.
    outlines : sequence of ndarray of shape (V, 2)
        In pixels of the maps; what lies outside is taken from the edge.
    """
    out = unknown(len(outlines))
    if not len(outlines):
        return out
    points = np.stack([one[np.linspace(0, len(one) - 1, POINTS).astype(int)] for one in outlines])
    middle = np.stack([(one.min(0) + one.max(0)) / 2 for one in outlines])[:, None]
    height, width = frame.shape
    for k, factor in enumerate(RINGS):
        x, y = np.moveaxis(middle + factor * (points - middle), 2, 0)
        x, y = np.clip(x.astype(int), 0, width - 1), np.clip(y.astype(int), 0, height - 1)
        for j, name in enumerate(MAPS):
            values = sigmoid(maps[name][y, x])
            out[:, k, j] = values.max(1) if name == "centre" else values.mean(1)
        out[:, k, GREY] = frame[y, x].mean(1)
    return out


def unknown(n):
    """What is known of n finds of a network that has none of MAPS: zeros (n, R, M + 1)."""
    return np.zeros((n, len(RINGS), len(MAPS) + 1), np.float32)


def features(finds):
    """What a find is judged by, (N, F): each about 0 and of the order of 1 to 5."""
    area, one, other, shared = _crossings(finds)
    iou = shared / np.maximum(area[one] + area[other] - shared, 1e-9)
    agreement, echo, pieces, holder = np.zeros((4, len(finds)))
    np.maximum.at(agreement, one, iou)
    same = iou > SAME_IOU
    np.maximum.at(echo, one[same], finds.sure[other[same]])
    lies_in = shared > INSIDE * np.minimum(area[one], area[other])
    mine = lies_in & (area[one] > CLEARLY_LARGER * area[other])
    np.add.at(pieces, one[mine], finds.sure[other[mine]])
    held = lies_in & (area[other] > CLEARLY_LARGER * area[one])
    np.maximum.at(holder, one[held], finds.sure[other[held]])
    by_network = np.where(finds.is_classical, echo, finds.sure)
    by_edges = np.where(finds.is_classical, finds.sure, echo)
    foreground, border, distance, centre, tube, aggregate, grey = np.moveaxis(finds.maps, 2, 0)
    contrast, edge = _relative(grey[:, :3].mean(1) - grey[:, 5], grey[:, 2] - grey[:, 4], finds.sure)
    width, height = np.maximum(finds.boxes[:, 2:], 0.5).T
    return np.column_stack(
        [
            finds.is_classical, odds(by_network), odds(by_edges), agreement, np.log1p(pieces), holder,
            odds(foreground[:, :3].mean(1)), odds(foreground[:, 3]), odds(foreground[:, 4]),
            odds(foreground[:, 5]), odds(border[:, 1:3].mean(1)), odds(border[:, 3]),
            distance[:, 0], distance[:, 2], distance[:, 3], odds(centre[:, :3].max(1)),
            tube[:, 1], aggregate[:, 1], np.log(np.maximum(finds.look_px, 1)), np.log(width / height) ** 2,
            contrast, edge,
        ]
    )  # fmt: skip


def _crossings(finds):
    """Areas (N,) of the boxes, and where those of different finders meet: either way, and the area shared."""
    classical, learnt = np.flatnonzero(finds.is_classical), np.flatnonzero(~finds.is_classical)
    i, j, shared = overlaps(finds.boxes[classical], finds.boxes[learnt])
    one, other = classical[i], learnt[j]
    return finds.boxes[:, 2:].prod(1), np.r_[one, other], np.r_[other, one], np.r_[shared, shared]


def _relative(contrast, edge, sure):
    """Contrast and edge step (N,) of finds, in units of those of the frame's sure finds.

    Particles of a frame are mostly of one kind: what is darker where they are brighter is hardly one.
    """
    weight = np.where(sure >= min(SURE, sure.max(initial=0)), sure, 0)
    out = []
    for values in (contrast, edge):
        order = np.argsort(values)
        middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
        usual = float(values[order][middle]) if len(values) else 1.0
        usual = np.copysign(max(abs(usual), 0.05), usual)
        out.append(np.clip(values / usual, -2, 3))
    return out


def chosen(finds, confidence):
    """Which finds stay, the surest first: of two finders that saw the same place, the likelier find.

    Two finds of one finder do not compete: it has told them apart.
    """
    _, i, j, shared = _crossings(finds)
    return np.array(best(confidence, finds.boxes, [(i, j, shared)]), int)


def odds(share, least=1e-3):
    """Logarithm of the odds of a share, which is taken for no less than `least` and no more than the rest."""
    share = np.clip(share, least, 1 - least)
    return np.log(share / (1 - share))
