"""Whether a frame is of the kind that a network has learnt from, told by what its encoder sees."""

import numpy as np

FARTHEST = 4.0  # deviations: what lies beyond counts no more
STRANGE = (
    "This frame looks unlike the micrographs that the network learnt from (a diffraction pattern, a "
    "photograph, a page of text, or no specimen in it?); check what was found before you use it."
)


def strangeness(features, reference):
    """Log odds, against those of a micrograph, that features (F,) are of some other picture."""
    away = (np.asarray(features, float) - reference["mean"]) / reference["scale"]
    return float(np.clip(away, -FARTHEST, FARTHEST) @ reference["weights"] + reference["offset"])


def is_strange(features, reference):
    """Whether a frame is stranger than nearly all micrographs; `training/familiar.py` fits references."""
    return strangeness(features, reference) > reference["limit"]
