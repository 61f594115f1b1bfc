"""From a network's logits to particles, by the mode in which it was trained."""

import numpy as np
from scipy import ndimage

from annotations.outline import field_outline
from mlcore.inference import decode
from mlcore.inference.decode import MIN_AREA_PX2, Instance
from mlcore.inference.peer_decode import FOREGROUND, flow_labels, stars
from mlcore.losses.scales import FLOW_SCALE, RAY_UNIT_PX
from mlcore.nets.channels import CHANNELS_OF

ANY_KIND = "nanoparticle"  # peers know no classes


def sigmoid(values):
    """Of float32 arrays, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * values))


def decode_ours(logits):
    """Particles of our eight maps: cores, watershed, outlines (`decode.instances`)."""
    maps = dict(zip(CHANNELS_OF["ours"], logits, strict=True))
    return decode.instances({name: one if name == "log_ecd" else sigmoid(one) for name, one in maps.items()})


def decode_paper(logits):
    """Particles of the paper's one map: what of the foreground hangs together."""
    foreground = sigmoid(logits[0])
    labels, _ = ndimage.label(foreground > FOREGROUND)
    return _of_labels(labels, foreground)


def decode_stardist(logits):
    """Star-convex particles, those that overlap a likelier one left out."""
    found = stars(sigmoid(logits[0]), RAY_UNIT_PX * logits[1:])
    return [Instance(outline, ANY_KIND, probability) for outline, probability in found]


def decode_flows(logits):
    """Particles of pixels that flow to one place."""
    foreground = sigmoid(logits[0])
    return _of_labels(flow_labels(foreground, logits[1:] / FLOW_SCALE), foreground)


# Each takes logits (C, h, w), by CHANNELS_OF, and gives Instances in pixels of the map, the surest first.
DECODERS = {
    "ours": decode_ours,
    "paper": decode_paper,
    "stardist": decode_stardist,
    "flows": decode_flows,
}


def _of_labels(labels, foreground):
    found = []
    for k, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is None:
            continue
        rows, columns = (slice(max(one.start - 1, 0), one.stop + 1) for one in window)
        mine = labels[rows, columns] == k
        probability = foreground[rows, columns]
        if np.count_nonzero(mine) < MIN_AREA_PX2:
            continue
        outline = field_outline(probability - FOREGROUND, mine)
        if outline is not None:
            corner = (columns.start, rows.start)
            found.append(Instance(outline + corner, ANY_KIND, float(probability[mine].mean())))
    return sorted(found, key=lambda one: -one.confidence)
