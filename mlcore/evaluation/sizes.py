"""How well particles that were found are sized, by the outline, by a network and by both: side by side."""

import numpy as np

from mlcore.data.feature_crops import TARGETS
from mlcore.inference import sizing

RMSE_UP_TO_ASPECT_RATIO = 4.0
RESAMPLES = 500


def ways(answered, table):
    """ECD px, aspect ratio and roundness (N, 3) by outline, network and what the table reports ("fused").

    answered : dict of ndarray
        `out` (N, 10), `found` (N, 3).
    """
    found = answered["found"]
    base = sizing.base(found)
    network = base + sizing.moments(answered["out"])[0]
    fused, _ = sizing.report(answered["out"], found, table)
    return {"outline": found, "network": _sizes(network, found), "fused": _sizes(fused, found)}


def compare(answered, values, table=None):
    """Figures of each way, and with a table the coverage of its intervals.

    Parameters
    ----------
    answered : dict of ndarray
        `true` (N, 3), `found` (N, 3), `is_sized` (N,), `scene` (N,), `out`.
    values : dict of str to ndarray of shape (N, 3)
        ECD px, aspect ratio and roundness by each way; the outline's own are added.

    Returns
    -------
    dict
        Way -> figure -> value; "intervals" -> figure -> {"value", "low", "high"} with 95 % over scenes.
    """
    sized = answered["is_sized"]
    true = answered["true"][sized]
    values = {"outline": answered["found"], **values}
    figures = {name: _figures(true, one[sized]) for name, one in values.items()}
    figures["n"] = {"particles": int(sized.sum()), "scenes": len(np.unique(answered["scene"][sized]))}
    if table is not None:
        figures["intervals"] = _intervals({name: one[sized] for name, one in answered.items()}, table)
        figures["truncated"] = {
            "auroc": _auroc(answered["out"][:, 2 * len(TARGETS)], answered["is_truncated"])
        }
    return figures


def lines(figures):
    """The figures as a table of text, one line a way."""
    columns = [
        ("diameter_relative_error_median", "D rel. median", "8.4f"),
        ("diameter_relative_error_mean", "D rel. mean", "8.4f"), ("diameter_mae_px", "D MAE px", "8.3f"),
        ("aspect_ratio_rmse", "AR RMSE", "8.4f"), ("roundness_rmse", "roundness RMSE", "8.4f"),
    ]  # fmt: skip
    yield f"{figures['n']['particles']} particles of {figures['n']['scenes']} scenes of the test part"
    yield f"{'':10s}" + "".join(f"{title:>16s}" for _, title, _ in columns)
    for way in ("outline", "network", "fused", "paper"):
        if way in figures:
            yield f"{way:10s}" + "".join(f"{figures[way][key]:>16{form[1:]}}" for key, _, form in columns)
    for name, one in figures.get("intervals", {}).items():
        interval = "" if one["low"] is None else f" [{one['low']:.4f}, {one['high']:.4f}]"
        yield f"{name:32s} {one['value']:.4f}{interval}"


def _figures(true, value):
    error = value[:, 0] - true[:, 0]
    relative = np.abs(error) / true[:, 0]
    usual = np.isfinite(true[:, 1]) & np.isfinite(value[:, 1]) & (true[:, 1] <= RMSE_UP_TO_ASPECT_RATIO)
    round_ = np.isfinite(true[:, 2]) & np.isfinite(value[:, 2])
    return {
        "diameter_relative_error_median": float(np.median(relative)),
        "diameter_relative_error_mean": float(relative.mean()),
        "diameter_mae_px": float(np.abs(error).mean()),
        "diameter_bias_relative": float((error / true[:, 0]).mean()),
        "aspect_ratio_rmse": _rms(value[usual, 1] - true[usual, 1]),
        "roundness_rmse": _rms(value[round_, 2] - true[round_, 2]),
    }


def _intervals(answered, table):
    value, half = sizing.report(answered["out"], answered["found"], table)
    residual = sizing.residuals(answered["found"], answered["true"])
    error = np.abs(sizing.base(answered["found"]) + residual - value)
    members = [answered["scene"] == scene for scene in np.unique(answered["scene"])]
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(members), size=len(members)) for _ in range(RESAMPLES)]
    out = {}
    for k, name in enumerate(("diameter", "aspect_ratio", "roundness")):
        known = np.isfinite(error[:, k])
        hit = (error <= half)[:, k] & known
        counts = np.array([[(one & here).sum() for one in (known, hit)] for here in members])
        drawn = [counts[draw].sum(0) for draw in draws]
        low, high = np.quantile([n_hit / max(n, 1) for n, n_hit in drawn], (0.025, 0.975))
        out[f"{name}_coverage"] = _figure(hit.sum() / max(known.sum(), 1), low, high)
        if known.any():
            out[f"{name}_half_width_median"] = _figure(np.median(half[known, k]), None, None)
    return out


def _figure(value, low, high):
    return {"value": float(value), "low": low and float(low), "high": high and float(high)}


def _sizes(value, found):
    return np.stack([found[:, 0] * np.exp(value[:, 0]), np.exp(value[:, 1]), value[:, 2]], axis=1)


def _auroc(score, truth):
    """The chance that a cut particle gets the higher score; None with only one sort."""
    truth = np.asarray(truth, bool)
    if truth.all() or not truth.any():
        return None
    from scipy.stats import rankdata

    ranks = rankdata(score)
    n = int(truth.sum())
    return float((ranks[truth].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


def _rms(values):
    return float(np.sqrt((values**2).mean())) if len(values) else float("nan")
