"""docs/benchmark.md, from results: tables, differences, and what was not run."""

import numpy as np

from mlcore.evaluation.anchors import NOT_RUN, PUBLISHED
from mlcore.evaluation.methods import METHODS, OURS
from mlcore.evaluation.paired import f1_difference
from mlcore.evaluation.sets import LABELS, SIMULATED, TITLES

NONE = "–"
DETECTION = (
    ("P", "precision"), ("R", "recall"), ("F1 at IoU .5", "f1"), ("F1, mean of images", "f1_mean_of_images"),
    ("F1 at .3", "f1_iou30"), ("AP50", "ap50"), ("AP50-95", "ap50_95"),
)  # fmt: skip
SIZING = (
    ("sized", None), ("MAE nm", "diameter_mae_nm"), ("median error %", "diameter_relative_error_median"),
    ("aspect ratio RMSE", "aspect_ratio_rmse"), ("roundness RMSE", "roundness_rmse"),
    ("D10 nm", "d10_error_nm"), ("D50 nm", "d50_error_nm"), ("D90 nm", "d90_error_nm"),
    ("coverage of 90 %", "diameter_coverage_90"),
)  # fmt: skip
WITH_INTERVAL = {"f1", "diameter_mae_nm"}
HEAD = """# Benchmark

Written by `{command}`; nothing on this page is typed by hand. The same command reads what it kept and goes
on where it was stopped.

**Matching.** A found and a true particle are one if the IoU of their boxes is at least 0.5 (0.3 where it
says so), one to one. What nobody can see (Rose number under 4, or under 5 px across) is neither a miss nor
a false alarm; nor is what the frame's edge leaves of a particle and is under 20 px². Detections count from
a confidence of {confidence} on, as `manage.py detect` tells them; AP is over all. Intervals are 95 %, from
{resamples} draws of *images*; a difference is that of both methods on the same draw.

**Sets.** T1 to T6 are {frames} simulated frames each, by a seed that no training has
([simulation.md](simulation.md)). The labelled sets are cross-validated: five folds, each holding out one
material of the catalysts, every fifth tile of the gold and every fifth frame of the defect loops
(`mlcore/evaluation/folds.json`). None of them is E-TEM in gas, and none has a pixel size: no nanometres are
scored on them. Defect loops are rings, no particles.

**Peers.** Settings of Otsu, LoG and the random forest are chosen on frames that are not tested on:
simulated validation scenes for the tiers, the other folds of the same set for a labelled one. The three
heads have our encoder, crops, augmentation and number of steps ([networks.md](networks.md)). The classical
engine's settings were chosen by hand while looking at these very labelled sets
([benchmark-classical.md](benchmark-classical.md)), which flatters it there.

Looks at the test sets, one row each: [benchmark-looks.csv](benchmark-looks.csv); a look is a method's first
scoring with its weights; rewriting this page from what was kept is none.
"""


def page(results, not_run, *, looks, titles, command, resamples, frames, confidence, about):
    """The page as Markdown.

    Parameters
    ----------
    results : sequence of Result
    not_run : dict of (set, method) to str
        Why not, in a few words.
    looks : dict
        Set -> number of looks so far.
    titles : sequence of str
        The sets, in the page's order.
    about : dict
        commit, machine, date.
    """
    of = {(one.set_name, one.method): one for one in results}
    head = HEAD.format(command=command, resamples=f"{resamples:,}", frames=frames, confidence=confidence)
    parts = [head, _about(about), _summary(of, titles, not_run)]
    for name in titles:
        parts.append(_section(name, of, not_run, looks.get(name, 0)))
    parts += [_rose(of, titles), _published()]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _about(about):
    return f"Commit {about['commit'][:12]}, {about['date']}, {about['machine']}.\n"


def _summary(of, titles, not_run):
    """F1 of every method on every set, and the macro means over tiers and over labelled sets."""
    groups = [
        [one for one in titles if one in SIMULATED],
        [one for one in titles if one in LABELS],
    ]
    means = [name for name, group in zip(("mean of tiers", "mean of labelled"), groups, strict=True) if group]
    lines = ["## F1 at IoU 0.5", "", _row(["method", *titles, *means]), _rule(1 + len(titles) + len(means))]
    for method in METHODS.values():
        cells = []
        for name in titles:
            one = of.get((name, method.name))
            cells.append(NONE if one is None else _number(one.f1))
        for group in filter(None, groups):
            values = [of[name, method.name].f1 for name in group if (name, method.name) in of]
            whole = len(values) == len(group) and None not in values
            cells.append(_number(float(np.mean(values)) if whole else None))
        lines.append(_row([method.title, *cells]))
    return "\n".join([*lines, ""])


def _section(name, of, not_run, looks):
    mine = [of[name, method] for method in METHODS if (name, method) in of]
    n_looks = f"{looks} look{'s' * (looks != 1)} so far"
    if not mine:
        return "\n".join(
            [f"## {TITLES.get(name, name)}", "", f"{n_looks}.", "", *_missing(name, not_run), ""]
        )
    one = mine[0]
    n_true = sum(counts[1] for counts in one.counts)
    lines = [f"## {TITLES.get(name, name)}", "", f"{len(one.counts)} frames, {n_true} particles; {n_looks}."]
    lines += ["", *_detection(mine)]
    if any(one.figures["diameter_mae_nm"]["value"] is not None for one in mine):
        lines += ["", *_sizing(mine)]
    return "\n".join([*lines, "", *_missing(name, not_run), ""])


def _detection(mine):
    ours = next((one for one in mine if one.method == OURS), None)
    head = ["method", *(title for title, _ in DETECTION), "ours − it, F1", "CPU s a frame"]
    lines = [_row(head), _rule(len(head))]
    for one in mine:
        cells = [_figure(one, key) for _, key in DETECTION]
        apart = NONE
        if ours is not None and one is not ours:
            apart = _difference(f1_difference(ours.counts, one.counts))
        lines.append(_row([METHODS[one.method].title, *cells, apart, f"{one.seconds:.2f}"]))
    return lines


def _sizing(mine):
    head = ["method", *(title for title, _ in SIZING)]
    lines = [_row(head), _rule(len(head))]
    for one in mine:
        # Only what was found is sized: the share says how many of the particles that is.
        n_true = max(sum(counts[1] for counts in one.counts), 1)
        cells = [f"{one.figures['diameter_mae_nm']['n'] / n_true:.0%}"]
        cells += [_figure(one, key) for _, key in SIZING if key]
        lines.append(_row([METHODS[one.method].title, *cells]))
    return lines


def _missing(name, not_run):
    mine = [(method, why) for (which, method), why in not_run.items() if which == name]
    return [f"- {METHODS[method].title}: not run: {why}." for method, why in mine]


def _rose(of, titles):
    """Recall by Rose number over all tiers that a method was run on."""
    tiers = [name for name in titles if name in SIMULATED]
    rows = []
    for method in METHODS.values():
        tables = [of[name, method.name].recall_by_rose for name in tiers if (name, method.name) in of]
        if tables and len(tables) == len(tiers):
            rows.append((method, tables))
    if not rows:
        return ""
    edges = [(low, high) for low, high, _, _ in rows[0][1][0]]
    words = [f"{low:g} to {high:g}" if high < 1e6 else f"from {low:g}" for low, high in edges]
    totals = [sum(table[k][3] for table in rows[0][1]) for k in range(len(edges))]
    lines = [
        f"## Recall by Rose number, {tiers[0]} to {tiers[-1]}", "",
        "A particle's contrast times the square root of the electrons on it: below 4 nobody sees it.", "",
        _row(["method", *words]), _rule(1 + len(words)), _row(["particles", *map(str, totals)]),
    ]  # fmt: skip
    for method, tables in rows:
        cells = []
        for k, n in enumerate(totals):
            hits = sum((table[k][2] or 0) * table[k][3] for table in tables)
            cells.append(_number(hits / n if n else None))
        lines.append(_row([method.title, *cells]))
    return "\n".join([*lines, ""])


def _published():
    lines = [
        "## Not run", "",
        f"What others publish, on other frames and by other rules: {NOT_RUN.partition(': ')[2]}. "
        "No line of it is a comparison.", "",
        _row(["program", "published", "source", "here"]), _rule(4),
    ]  # fmt: skip
    return "\n".join([*lines, *(_row([*one, NOT_RUN]) for one in PUBLISHED), ""])


def _figure(result, key):
    one = result.figures.get(key) or {"value": None, "low": None, "high": None}
    factor = 100 if key == "diameter_relative_error_median" else 1
    value = None if one["value"] is None else factor * one["value"]
    if key not in WITH_INTERVAL or one["low"] is None:
        return _number(value)
    return f"{_number(value)} ({_number(one['low'])} to {_number(one['high'])})"


def _difference(one):
    if one["value"] is None:
        return NONE
    if one["low"] is None:
        return f"{one['value']:+.3f}"
    return f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"


def _number(value):
    if value is None:
        return NONE
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _rule(n):
    return "|---" * n + "|"
