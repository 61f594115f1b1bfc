"""How good predictions are: found, sized and shaped, with intervals from a bootstrap over images."""

from dataclasses import dataclass

import numpy as np

from mlcore.evaluation.frames import SIZES, make_frame
from mlcore.evaluation.matching import box_iou, match
from mlcore.evaluation.scores import LEVEL, RESAMPLES, Score

IOU = 0.5
LOOSE_IOU = 0.3
AP_IOUS = tuple(np.arange(0.5, 1.0, 0.05).round(2).tolist())
RMSE_UP_TO_ASPECT_RATIO = 4.0  # beyond it the ratio's own error grows with it


@dataclass(frozen=True)
class Paired:
    """One frame's true and found particles, paired at one overlap, what is ignored taken out."""

    score: Score
    pairs: np.ndarray  # (M, 2) of indices (true, found)
    hit: np.ndarray  # (D,) 1 found a particle, 0 did not, -1 neither counts


def pair(true, found, iou_min):
    """Pair a frame's particles one to one.

    A detection that pairs with no particle that counts, but lies by half on an ignored one, is neither right
    nor wrong.
    """
    iou = box_iou(true.boxes, found.boxes)
    counts = ~true.is_ignored
    matching = match(iou[counts], iou_min)
    index = np.flatnonzero(counts)
    pairs = np.stack([index[matching.pairs[:, 0]], matching.pairs[:, 1]], axis=1)
    hit = np.zeros(len(found), int)
    hit[pairs[:, 1]] = 1
    if (~counts).any() and len(found):
        free = hit == 0
        hit[free & (_covered(true.boxes[~counts], found.boxes) >= 0.5)] = -1
    return Paired(Score(len(pairs), int(counts.sum()), int((hit >= 0).sum())), pairs, hit)


def evaluate(true, found, *, resamples=RESAMPLES, seed=0, on_draw=None):
    """All figures of a set of frames.

    Parameters
    ----------
    true, found : dict of str to Frame
        By the frame's name. A true frame without a prediction counts as one in which nothing was found;
        predictions of other frames are left out.
    on_draw : callable, optional
        Called before each resampling; what it raises ends the whole.

    Returns
    -------
    dict
        Figure -> {"value", "low", "high", "n"}; `low` and `high` are a 95 % percentile interval over images,
        None with fewer than two of them. NaN never appears: what cannot be computed is None.

    Raises
    ------
    ValueError
        If no frame's name is in both.
    """
    names = sorted(true)
    if not set(names) & set(found):
        raise ValueError("No prediction bears the name of a true frame; the files' stems must be the same.")
    frames = [_rows(true[name], found.get(name)) for name in names]
    rng = np.random.default_rng(seed)
    draws = [rng.integers(len(frames), size=len(frames)) for _ in range(resamples)] if len(frames) > 1 else []
    whole = _figures(frames)
    drawn = []
    for draw in draws:
        if on_draw:
            on_draw()
        drawn.append(_figures([frames[k] for k in draw]))
    return {name: _with_interval(whole[name], [one[name][0] for one in drawn]) for name in whole}


def _rows(true, found):
    """What one frame adds to the sums; made once, summed many times."""
    if found is None:
        found = make_frame(true.name, [])
    at = {iou: pair(true, found, iou) for iou in {IOU, LOOSE_IOU, *AP_IOUS}}
    sized = at[IOU].pairs
    sized = sized[~true.is_truncated[sized[:, 0]]]
    values = {key: (true.sizes[key][sized[:, 0]], found.sizes[key][sized[:, 1]]) for key in SIZES}
    bounds = {key: found.bounds[key][sized[:, 1]].T for key in SIZES}
    whole = ~true.is_ignored & ~true.is_truncated
    return {
        "score": {iou: at[iou].score for iou in (IOU, LOOSE_IOU)},
        "hits": {iou: (found.confidence, at[iou].hit) for iou in AP_IOUS},
        "values": values,
        "bounds": bounds,
        "true_nm": true.sizes["ecd_nm"][whole],
        "found_nm": found.sizes["ecd_nm"][at[IOU].hit >= 0],
    }


def _figures(frames):
    """Figure -> (value, number of things it rests on)."""
    out = {}
    for iou, suffix in ((IOU, ""), (LOOSE_IOU, "_iou30")):
        total = sum((one["score"][iou] for one in frames), Score(0, 0, 0))
        out[f"precision{suffix}"] = total.precision, total.n_found
        out[f"recall{suffix}"] = total.recall, total.n_true
        out[f"f1{suffix}"] = total.f1, total.n_true
    each = [one["score"][IOU].f1 for one in frames]
    out["f1_mean_of_images"] = _mean(np.array(each, float)), len(frames)
    n_true = out["recall"][1]
    by_iou = [average_precision([one["hits"][iou] for one in frames], n_true) for iou in AP_IOUS]
    out["ap50"] = by_iou[0], n_true
    out["ap50_95"] = _mean(np.array(by_iou)), n_true
    diameter = _joined(frames, "ecd_nm")
    error = diameter[1] - diameter[0]
    n = len(error)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.abs(error) / diameter[0]
    out["diameter_mae_nm"] = _mean(np.abs(error)), n
    out["diameter_bias_nm"] = _mean(error), n
    out["diameter_relative_error_median"] = _quantile(relative, 0.5), n
    out["diameter_relative_error_p90"] = _quantile(relative, 0.9), n
    ratio = _joined(frames, "aspect_ratio")
    usual = ratio[0] <= RMSE_UP_TO_ASPECT_RATIO
    out["aspect_ratio_rmse"] = _rms(ratio[1][usual] - ratio[0][usual]), int(usual.sum())
    long = ratio[:, ~usual]
    out["aspect_ratio_log_rmse_above_4"] = _rms(np.log(long[1] / long[0])), long.shape[1]
    roundness = _joined(frames, "roundness")
    out["roundness_rmse"] = _rms(roundness[1] - roundness[0]), roundness.shape[1]
    for key, name in (("ecd_nm", "diameter"), ("aspect_ratio", "aspect_ratio"), ("roundness", "roundness")):
        out |= _intervals(frames, key, name)
    true_nm, found_nm = (np.concatenate([one[key] for one in frames]) for key in ("true_nm", "found_nm"))
    true_nm, found_nm = true_nm[np.isfinite(true_nm)], found_nm[np.isfinite(found_nm)]
    for share in (10, 50, 90):
        a, b = _quantile(true_nm, share / 100), _quantile(found_nm, share / 100)
        out[f"d{share}_error_nm"] = (b - a), len(found_nm)
    return out


def _intervals(frames, key, name):
    """How many of the true values the 90 % intervals hold, and how wide these are for what they are about."""
    true, found, low, high = np.concatenate(
        [np.stack([*one["values"][key], *one["bounds"][key]]) for one in frames], axis=1
    )
    known = np.isfinite(true) & np.isfinite(low) & np.isfinite(high)
    n = int(known.sum())
    inside = (low <= true) & (true <= high)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = (high - low) / found
    return {
        f"{name}_coverage_90": (_mean(inside[known].astype(float)), n),
        f"{name}_interval_relative_width": (_mean(width[known]), n),
    }


def average_precision(hits, n_true):
    """Area under the precision-recall curve, precision made monotonous (Pascal VOC 2010, all points).

    Parameters
    ----------
    hits : sequence of (confidence (D,), hit (D,))
        One a frame; hit is 1, 0, or -1 for what does not count.
    """
    if not n_true:
        return float("nan")
    confidence = np.concatenate([one for one, _ in hits])
    hit = np.concatenate([one for _, one in hits])
    counts = hit >= 0
    order = np.argsort(-confidence[counts], kind="stable")
    right = np.cumsum(hit[counts][order])
    precision = right / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * np.diff(right, prepend=0)).sum() / n_true)


def _joined(frames, key):
    """True and found values (2, M) where both are known."""
    both = np.concatenate([np.stack(one["values"][key]) for one in frames], axis=1)
    return both[:, np.isfinite(both).all(0)]


def _covered(ignored, boxes):
    """The share of each box (D, 4) that lies on one of the ignored ones, at most over them."""
    low = np.maximum(ignored[:, None, :2], boxes[None, :, :2])
    high = np.minimum(ignored[:, None, :2] + ignored[:, None, 2:], boxes[None, :, :2] + boxes[None, :, 2:])
    return (np.clip(high - low, 0, None).prod(-1) / np.maximum(boxes[:, 2:].prod(-1), 1e-9)).max(0)


def _with_interval(figure, drawn):
    value, n = figure
    drawn = np.array([one for one in drawn if np.isfinite(one)])
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(drawn) else (np.nan, np.nan)
    plain = [float(one) if np.isfinite(one) else None for one in (value, low, high)]
    return {"value": plain[0], "low": plain[1], "high": plain[2], "n": int(n)}


def _mean(values):
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")


def _rms(values):
    return float(np.sqrt((values**2).mean())) if len(values) else float("nan")


def _quantile(values, share):
    return float(np.quantile(values, share)) if len(values) else float("nan")
