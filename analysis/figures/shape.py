"""Shape against size, and the distribution of a shape descriptor: an average of either says little."""

import numpy as np
import plotly.graph_objects as go

from analysis.reports import words
from annotations.figures.theme import layout, log_axis

POINTS_MAX = 4000  # above it a density: dots that cover each other lie about how many they are
CELLS_X, CELLS_Y = 60, 40
ROUNDNESS_BINS = 40
NO_NAME = "<extra></extra>"  # Plotly would add the trace's


def aspect_ratio_by_size(selection, *, is_log=True):
    """Aspect ratio against ECD: a dot each, or counts in cells above `POINTS_MAX` particles.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    figure : plotly.graph_objects.Figure
    drawn : int
        Particles with an aspect ratio; the smallest have none.
    """
    has_shape = np.isfinite(selection.aspect_ratio)
    diameter, aspect = selection.diameter[has_shape], selection.aspect_ratio[has_shape]
    has_extent = diameter.size and diameter.min() < diameter.max()
    axis = log_axis(diameter.min(), diameter.max()) if is_log and has_extent else {}
    figure = go.Figure(
        layout=layout(
            xaxis={"title": {"text": f"ECD ({selection.unit})"}, **axis},
            yaxis={"title": {"text": "aspect ratio, major/minor"}, "range": [0.95, _upper(aspect)]},
        )
    )
    if diameter.size <= POINTS_MAX:
        figure.add_scatter(
            x=diameter.astype(np.float32),
            y=aspect.astype(np.float32),
            mode="markers",
            marker={"size": 5, "opacity": 0.45},
            hovertemplate=f"ECD %{{x:.4g}} {selection.unit}<br>aspect ratio %{{y:.3f}}<extra></extra>",
        )
    else:
        space = np.geomspace if is_log else np.linspace
        x, y = space(diameter.min(), diameter.max(), CELLS_X + 1), np.linspace(1, _upper(aspect), CELLS_Y + 1)
        scale = np.log if is_log else np.asarray
        column, row = _cell(scale(diameter), *scale(x[[0, -1]]), CELLS_X), _cell(aspect, 1, y[-1], CELLS_Y)
        counts = np.bincount(row * CELLS_X + column, minlength=CELLS_X * CELLS_Y).reshape(CELLS_Y, CELLS_X)
        figure.add_heatmap(
            x=x,
            y=y,
            z=np.where(counts > 0, counts, np.nan),
            hovertemplate=f"ECD %{{x:.4g}} {selection.unit}<br>aspect ratio %{{y:.2f}}<br>%{{z}} of them"
            + NO_NAME,
            colorbar={"title": {"text": "particles"}, "thickness": 10},
        )
    return figure, int(has_shape.sum())


def roundness_distribution(selection):
    """Histogram of roundness as a density over bins of equal width; also how many particles have one."""
    roundness = selection.roundness[np.isfinite(selection.roundness)]
    figure = go.Figure(
        layout=layout(
            xaxis={
                "title": {"text": "roundness 4A/(π · Feret<sub>max</sub>²)"},
                "range": [0, max(1.02, roundness.max(initial=0))],
            },
            yaxis={"title": {"text": "density"}, "rangemode": "tozero"},
        )
    )  # fmt: skip
    if roundness.size:
        edges = np.linspace(0, max(1.0, roundness.max()), ROUNDNESS_BINS + 1)
        count, _ = np.histogram(roundness, edges)
        figure.add_bar(
            x=edges[:-1],
            width=np.diff(edges),
            offset=0,
            y=count / (roundness.size * np.diff(edges)),
            customdata=[
                [low, high, words.count(int(n), "particle")]
                for low, high, n in zip(edges[:-1], edges[1:], count, strict=True)
            ],
            hovertemplate="%{customdata[0]:.3f} to %{customdata[1]:.3f}<br>%{customdata[2]}" + NO_NAME,
        )
    return figure, roundness.size


def _cell(values, low, high, cells):
    """Which of so many equal steps from `low` to `high`, the outer ones open; a tenth of a search's time."""
    return np.clip((values - low) * (cells / (high - low or 1)), 0, cells - 1).astype(np.intp)


def _upper(aspect):
    """Upper end of the axis: the largest, unless a few freaks would squeeze all others."""
    return float(min(aspect.max(), 3 * np.quantile(aspect, 0.99)) * 1.05) if aspect.size else 3.0
