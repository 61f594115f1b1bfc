"""What a comparison of two models came to, for the page that shows it."""

import numpy as np

from mlcore.models import Run
from mlcore.services.compare_start import SHADOW

BINS = 16
WORST = 50  # frames shown, those with the least agreement first


def shadow_runs(candidate):
    """Comparisons of a model with a champion, the newest first."""
    runs = Run.objects.filter(kind=Run.Kind.COMPARE, model_version=candidate, config__purpose=SHADOW)
    return runs.order_by("-pk")


def shadow_report(run):
    """Counts, agreement and sizes of a comparison so far; None before the first frame.

    Returns
    -------
    dict
        `frames` (the worst first), `n_first`, `n_second`, `agreement`, and `histograms`: one for each unit,
        with edges and both members' counts.
    """
    rows = list(run.compared_frames.with_names())
    if not rows:
        return None
    n_first, n_second = sum(one.n_first for one in rows), sum(one.n_second for one in rows)
    both = sum(one.n_both for one in rows)
    worst = sorted(rows, key=lambda one: (one.agreement is None, one.agreement, -one.n_first - one.n_second))
    return {
        "n_frames": len(rows),
        "n_first": n_first,
        "n_second": n_second,
        "n_both": both,
        "agreement": 2 * both / (n_first + n_second) if n_first + n_second else None,
        "frames": worst[:WORST],
        "n_left_out": max(len(rows) - WORST, 0),
        "histograms": [one for unit in ("nm", "px") if (one := _histogram(rows, unit))],
    }


def _histogram(rows, unit):
    mine = [one.sizes for one in rows if one.sizes.get("unit") == unit]
    first = np.array([size for one in mine for size in one["first"]], float)
    second = np.array([size for one in mine for size in one["second"]], float)
    every = np.concatenate([first, second])
    every = every[every > 0]
    if not len(every):
        return None
    low, high = np.log(every.min()), np.log(every.max())
    edges = np.exp(np.linspace(low, max(high, low + 0.01), BINS + 1))
    edges[0], edges[-1] = every.min(), max(every.max(), edges[-1])
    return {
        "unit": unit,
        "edges": edges.tolist(),
        "first": np.histogram(first, edges)[0].tolist(),
        "second": np.histogram(second, edges)[0].tolist(),
        "medians": [float(np.median(one)) if len(one) else None for one in (first, second)],
    }
