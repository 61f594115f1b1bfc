"""Small bar charts of a dataset's balance, as numbers for SVG: no script draws them."""

WIDTH, HEIGHT, GAP = 480, 64, 1  # of a chart, in its own units
SPLITS = [("train", "Training"), ("val", "Validation"), ("test", "Test")]


def histograms(counts, unit, words):
    """One chart a split of shares of its particles over the same bins, so that unlike splits are seen."""
    if not counts:
        return []
    edges = counts["edges"]
    shares = {part: _shares(counts[part]) for part, _ in SPLITS}
    most = max((value for some in shares.values() for value in some), default=0) or 1
    pitch = WIDTH / (len(edges) - 1)
    return [
        {
            "title": title,
            "n": sum(counts[part]),
            "bars": [
                {
                    "x": round(k * pitch, 2),
                    "y": round(HEIGHT * (1 - share / most), 2),
                    "width": round(pitch - GAP, 2),
                    "height": round(HEIGHT * share / most, 2),
                    "words": f"{edges[k]:.3g} to {edges[k + 1]:.3g} {unit}: {counts[part][k]:,}",
                }
                for k, share in enumerate(shares[part])
            ],
            "low": f"{edges[0]:.3g}",
            "high": f"{edges[-1]:.3g} {unit}",
            "label": f"{words} of the {title.lower()} part, {edges[0]:.3g} to {edges[-1]:.3g} {unit}, "
            f"{sum(counts[part]):,} particles, most from {_mode(edges, counts[part])} {unit}",
        }
        for part, title in SPLITS
    ]


def class_rows(classes):
    """Of each class its particles a split, and their share of the split."""
    totals = {part: sum(found[part] for found in classes.values()) or 1 for part, _ in SPLITS}
    return [
        {
            "name": name,
            "total": sum(found.values()),
            "parts": [
                {"n": found[part], "percent": 100 * found[part] / totals[part], "title": title}
                for part, title in SPLITS
            ],
        }
        for name, found in classes.items()
    ]


def _shares(values):
    total = sum(values)
    return [value / total if total else 0 for value in values]


def _mode(edges, values):
    k = max(range(len(values)), key=values.__getitem__)
    return f"{edges[k]:.3g} to {edges[k + 1]:.3g}"
