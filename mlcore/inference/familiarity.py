"""Whether a frame is of the kind that a network has learnt from, told by what its encoder sees."""

import numpy as np

KEPT = 24  # principal directions; in the rest the reference frames hardly differ
RIDGE = 0.05  # of the kept directions' mean variance, so that few frames do not make narrow ones
STRANGE = (
    "This frame looks unlike the micrographs that the network learnt from (a diffraction pattern, a "
    "photograph, a page of text, or no specimen in it?); check what was found before you use it."
)


def fit(features, share=0.995, slack=1.25):
    """What `distance` compares with, from features (N, F) of reference frames.

    The limit is `slack` times the `share` quantile of the reference frames' own distances: real microscopes
    differ from each other by more than the frames at hand do.

    Returns
    -------
    dict
        mean (F,), axes (F, K) and scale (K,) as lists, and the limit.
    """
    features = np.asarray(features, float)
    mean = features.mean(0)
    _, values, axes = np.linalg.svd(features - mean, full_matrices=False)
    kept = min(KEPT, len(values))
    variance = values[:kept] ** 2 / max(len(features) - 1, 1)
    scale = np.sqrt(variance + RIDGE * variance.mean())
    reference = {name: np.round(values, 6).tolist() for name, values in
                 {"mean": mean, "axes": axes[:kept].T, "scale": scale}.items()}  # fmt: skip
    own = [distance(one, reference) for one in features]
    return {**reference, "limit": float(np.quantile(own, share) * slack)}


def distance(features, reference):
    """Mahalanobis distance (root mean square over directions) of one frame's features (F,) from a reference.

    What lies outside the reference's directions counts as well, in units of their smallest scale: a strange
    frame often differs in a way in which reference frames never do.
    """
    away = np.asarray(features, float) - np.array(reference["mean"])
    axes, scale = np.array(reference["axes"]), np.array(reference["scale"])
    along = away @ axes
    outside = max(float(away @ away - along @ along), 0.0) / scale.min() ** 2
    return float(np.sqrt((((along / scale) ** 2).sum() + outside) / (len(scale) + 1)))


def is_strange(features, reference):
    """Whether a frame is farther from the reference than nearly all reference frames are."""
    return distance(features, reference) > reference["limit"]
