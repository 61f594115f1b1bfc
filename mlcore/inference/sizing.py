"""Sizes and shapes with intervals, by the outline, FeatureNet or both, as a calibrated table decides."""

import numpy as np

from annotations.shape import measure_many, touches_border
from mlcore.data import feature_crops
from mlcore.data.feature_crops import KINDS, TARGETS, UNIT
from mlcore.inference import conformal
from mlcore.inference.estimate import Estimate

BATCH = 256  # crops at a time: 16 MiB
# Log variances of the network are taken within these: 0.25 % to 270 %.
LOG_VARIANCE_LIMITS = (-6.0, 8.0)
CHOICES = ("outline", "network", "fused")
TRUNCATED = 0.5
NEAR_EDGE_PX = 3.0  # a particle that the network thinks cut must be this near to the frame's edge


class Sizer:
    """Estimates of the particles of a frame.

    Parameters
    ----------
    net_run : callable
        Crops (N, 4, 64, 64) float32 -> answers (N, 10), as `mlcore/nets/featurenet.py` in mode "ours".
    table : dict
        What `fit` gave for this network.
    """

    def __init__(self, net_run, table):
        if sorted(table.get("targets", {})) != sorted(TARGETS):
            raise ValueError("The table of intervals is not FeatureNet's; use the one of its checkpoint.")
        self.net_run, self.table = net_run, table

    def __call__(self, frame, maps, outlines, *, measured=None, is_cut=None):
        """An Estimate of each outline, or None where the frame cuts the particle, whose size nobody can see.

        Parameters
        ----------
        frame : ndarray of shape (H, W), float32
            Canonical frame, normalised.
        maps : dict of str to ndarray of shape (H, W), float32
            At least foreground and distance, 0 to 1.
        outlines : sequence of ndarray of shape (V, 2)
            In pixels of the frame.
        measured : sequence of Measured, optional
            The outlines' measures in any unit, to save their being measured again.
        is_cut : sequence of bool, optional
            Whether each touches the edge of the whole frame, where `frame` is only a window of it.
        """
        if not len(outlines):
            return []
        size = frame.shape[::-1]
        shapes = _shapes(outlines) if measured is None else _shapes_of(measured)
        if is_cut is None:
            is_cut = [touches_border(outline, size) for outline in outlines]
        found = np.column_stack([feature_crops.diameters(outlines), shapes])
        out = np.concatenate(
            [
                np.asarray(self.net_run(feature_crops.cut(frame, maps, outlines[k : k + BATCH])))
                for k in range(0, len(outlines), BATCH)
            ]
        )
        truncated = _sigmoid(out[:, 2 * len(TARGETS)])
        near = [_is_near_edge(outline, size) for outline in outlines]
        value, half = report(out, found, self.table)
        low, high = value - half, value + half
        has_area = found[:, 0] > 0
        return [
            None
            if is_cut[k] or not has_area[k] or (near[k] and truncated[k] > TRUNCATED)
            else _estimate(value[k], low[k], high[k], float(truncated[k]))
            for k in range(len(outlines))
        ]


def fit(out, found, true, level=conformal.LEVEL):
    """The table that decides what is reported, and how wide intervals are, from calibration particles.

    Parameters
    ----------
    out : ndarray of shape (N, 10)
        The network's answers.
    found, true : ndarray of shape (N, 3)
        ECD in px of the maps, aspect ratio and roundness, of the outline and of the particle; NaN where not
        known.

    Returns
    -------
    dict
        JSON keeps it. By target and stratum (size bin, predicted class): the variance of the outline's
        error; by what the network's variance must be multiplied; which of outline, network and their fusion
        errs least; the conformal quantile of |error| / deviation of that one.
    """
    bins, kinds = conformal.size_bins(found[:, 0]), predicted_kinds(out)
    answer = residuals(found, true)
    mean, variance = moments(out)
    targets = {}
    for k, name in enumerate(TARGETS):
        known = np.flatnonzero(np.isfinite(answer[:, k]))
        r, m, v = answer[known, k], mean[known, k], variance[known, k]
        where = bins[known], kinds[known]
        part = {
            "outline_variance": conformal.by_stratum(lambda i, r=r: float(np.mean(r[i] ** 2)), *where),
            "network_scale": conformal.by_stratum(
                lambda i, r=r, m=m, v=v: float(np.mean((r[i] - m[i]) ** 2 / v[i])), *where
            ),
        }
        means, deviations = _candidates(m, v, part, *where)
        # Diameters are judged by the mean, shapes by the root mean square: as they are reported.
        error = np.abs(r - means) if name == "log_ecd" else (r - means) ** 2
        part["choice"] = conformal.by_stratum(
            lambda i, error=error: CHOICES[int(error[:, i].mean(1).argmin())], *where
        )
        chosen = _picked(part, *where)
        score = np.abs(r - means[chosen, range(len(r))]) / deviations[chosen, range(len(r))]
        part["quantile"] = conformal.by_stratum(
            lambda i, score=score: conformal.quantile(score[i], level), *where
        )
        targets[name] = part
    return {"level": level, "edges_px": list(conformal.EDGES_PX), "targets": targets}


def report(out, found, table):
    """Values and half widths (N, 3) by TARGETS that a table makes of answers and outlines."""
    bins, kinds = np.searchsorted(table["edges_px"], found[:, 0], side="right"), predicted_kinds(out)
    mean, variance = moments(out)
    value, half = base(found), np.zeros((len(found), len(TARGETS)))
    for k, name in enumerate(TARGETS):
        part = table["targets"][name]
        means, deviations = _candidates(mean[:, k], variance[:, k], part, bins, kinds)
        chosen, each = _picked(part, bins, kinds), range(len(found))
        value[:, k] += means[chosen, each]
        half[:, k] = conformal.look_up(part["quantile"], bins, kinds) * deviations[chosen, each]
    return value, half


def base(found):
    """What the outline says of each of TARGETS, (N, 3): of the diameter, that it is right."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([np.zeros(len(found)), np.log(found[:, 1]), found[:, 2]], axis=1)


def residuals(found, true):
    """What must be added to `base` (N, 3): NaN where either is not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack(
            [
                np.log(true[:, 0] / found[:, 0]),
                np.log(true[:, 1] / found[:, 1]),
                true[:, 2] - found[:, 2],
            ],
            axis=1,
        )


def moments(out):
    """Means and variances (N, 3) of the residuals, of the network's answers."""
    n = len(TARGETS)
    out = np.asarray(out, float)
    return out[:, :n] * UNIT, UNIT**2 * np.exp(np.clip(out[:, n : 2 * n], *LOG_VARIANCE_LIMITS))


def predicted_kinds(out):
    """The likeliest class (N,) of each."""
    return np.asarray(out)[:, -KINDS:].argmax(1)


def _candidates(mean, variance, part, bins, kinds):
    """Residuals and deviations (3, N) by CHOICES: none, the network's, and both weighed by 1 / variance."""
    of_outline = conformal.look_up(part["outline_variance"], bins, kinds)
    of_network = variance * conformal.look_up(part["network_scale"], bins, kinds)
    weight = of_outline / (of_outline + of_network)
    fused = of_outline * of_network / (of_outline + of_network)
    means = np.stack([np.zeros_like(mean), mean, weight * mean])
    return means, np.sqrt(np.maximum([of_outline, of_network, fused], 1e-12))


def _picked(part, bins, kinds):
    chosen = conformal.look_up(part["choice"], bins, kinds)
    return np.array([CHOICES.index(name) for name in chosen.tolist()], int)


def _estimate(value, low, high, truncated):
    factor = np.exp([value[0], low[0], high[0]]).tolist()
    ratio = roundness = (None, None, None)
    if np.isfinite(value[1]):
        ratio = np.maximum(np.exp([value[1], low[1], high[1]]), 1.0).tolist()
    if np.isfinite(value[2]):
        roundness = np.clip([value[2], low[2], high[2]], 0.0, 1.0).tolist()
    return Estimate(*factor, *ratio, *roundness, truncated)


def _is_near_edge(outline, size):
    low, high = outline.min(0), outline.max(0)
    return bool((low < NEAR_EDGE_PX).any() or (high > np.asarray(size) - NEAR_EDGE_PX).any())


def _shapes(outlines):
    """Aspect ratio and roundness (N, 2); NaN where an outline is too small, or is no outline."""
    try:
        return _shapes_of(measure_many(outlines))
    except ValueError:
        if len(outlines) == 1:
            return np.full((1, 2), np.nan)
        return np.concatenate([_shapes([outline]) for outline in outlines])


def _shapes_of(measured):
    return np.array([(one.aspect_ratio or np.nan, one.roundness or np.nan) for one in measured], float)


def _sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(np.asarray(x, float), -40, 40)))
