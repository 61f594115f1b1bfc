"""The numbers behind the size chart, for programs and tables."""

from analysis.metrology.summary import PERCENTS


def bins(summary):
    """One dict a bin of the histogram, with the unit in the names."""
    unit, found = summary.selection.unit, summary.histogram
    density = "density_per_ln_d" if found.is_log else f"density_per_{unit}"
    columns = zip(
        found.edges[:-1],
        found.edges[1:],
        found.count,
        found.share,
        found.density,
        found.cumulative,
        strict=True,
    )
    for low, high, n, share, height, cumulative in columns:
        yield {
            f"from_{unit}": float(low),
            f"to_{unit}": float(high),
            "particles": int(n),
            "share": float(share),
            density: float(height),
            "cumulative": float(cumulative),
        }


def left_out(selection):
    return {
        "below_confidence": selection.n_below_confidence,
        "without_outline": selection.n_without_outline,
        "touching_border": selection.n_at_border,
        "below_cut": selection.n_below_cut,
        "too_wide_to_weight": selection.n_too_wide,
        "without_calibration": selection.n_uncalibrated,
    }


def counts(selection):
    return {
        "unit": selection.unit,
        "particles_found": selection.n_found,
        "particles": selection.n,
        "images": selection.n_frames,
        "files": selection.n_recordings,
        "left_out": left_out(selection),
    }


def distribution(summary):
    """All of a Summary as JSON can carry it."""
    unit, moments = summary.selection.unit, summary.moments
    d_values = {}
    for place, (percent, value) in enumerate(zip(PERCENTS, summary.d_values, strict=True)):
        interval = None if summary.intervals is None else [float(limit) for limit in summary.intervals[place]]
        d_values |= {f"d{percent}_{unit}": float(value), f"d{percent}_ci95_{unit}": interval}
    diameter, share = summary.curve
    return {
        "weighting": summary.weighting,
        "axis": "log" if summary.histogram.is_log else "linear",
        **d_values,
        "span": float(summary.span),
        f"mean_{unit}": moments.mean,
        f"sd_{unit}": moments.sd,
        f"sauter_mean_{unit}": moments.sauter_mean,
        f"volume_mean_{unit}": moments.volume_mean,
        f"geometric_mean_{unit}": moments.geometric_mean,
        "geometric_sd": moments.geometric_sd,
        "bins": list(bins(summary)),
        "cumulative": {f"d_{unit}": diameter.tolist(), "share": share.tolist()},
    }
