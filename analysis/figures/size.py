"""The size distribution: histogram as a density, cumulative curve on a second axis, D10, D50 and D90."""

from math import log10

import plotly.graph_objects as go

from analysis.metrology.summary import PERCENTS
from analysis.reports.words import count, number
from annotations.figures.theme import layout, log_axis

PLACES = ("right", "center", "left")  # the labels of D10, D50, D90 lean away from each other


def size_distribution(summary):
    """Arrays to figure.

    Parameters
    ----------
    summary : Summary

    Returns
    -------
    plotly.graph_objects.Figure
        Trace 0 are the bars, in the order of the histogram's bins; at most some 700 marks, whatever n.
    """
    unit, found = summary.selection.unit, summary.histogram
    r = "₀" if summary.weighting == "number" else "₃"
    low, high = found.edges[:-1], found.edges[1:]
    axis = {"hoverformat": ".4~g", **(log_axis(low[0], high[-1]) if found.is_log else {})}
    name = f"density q{r}(ln d)" if found.is_log else f"density q{r}(d) (1/{unit})"
    figure = go.Figure(
        layout=layout(
            has_second_axis=True,
            hovermode="x",  # a short bar is met anywhere above it
            xaxis={"title": {"text": f"equivalent circular diameter d ({unit})"}, **axis},
            yaxis={"title": {"text": name}, "rangemode": "tozero"},
            yaxis2={
                "title": {"text": f"cumulative Q{r} (%)"},
                "overlaying": "y",
                "side": "right",
                "range": [0, 103],
                "tickmode": "linear",
                "dtick": 20,
                "showgrid": False,
            },
        )
    )  # fmt: skip
    figure.add_bar(
        name="particles",
        x=low,
        width=high - low,
        offset=0,
        y=found.density,
        customdata=[
            [number(a), number(b), count(int(n), "particle"), 100 * share]
            for a, b, n, share in zip(low, high, found.count, found.share, strict=True)
        ],
        hovertemplate=(
            f"%{{customdata[0]}} to %{{customdata[1]}} {unit}<br>%{{customdata[2]}}, "
            "%{customdata[3]:.1f} % of the whole<br><i>a click leads there</i><extra></extra>"
        ),
    )
    diameter, share = summary.curve
    figure.add_scatter(
        name="cumulative",
        x=diameter,
        y=100 * share,
        yaxis="y2",
        mode="lines",
        line={"width": 2},
        hovertemplate=f"%{{y:.1f}} % are at most %{{x:.4g}} {unit}<extra></extra>",
    )
    _mark_d_values(figure, summary)
    return figure


def _mark_d_values(figure, summary):
    intervals = summary.intervals if summary.intervals is not None else [None] * len(PERCENTS)
    marks = zip(PERCENTS, summary.d_values, intervals, PLACES, strict=True)
    for place, (percent, value, interval, lean) in enumerate(marks):
        if interval is not None:
            figure.add_shape(
                type="rect", xref="x", yref="paper", x0=interval[0], x1=interval[1], y0=0, y1=1,
                opacity=0.18, line_width=0, layer="above",
            )  # fmt: skip
        figure.add_shape(
            type="line", xref="x", yref="paper", x0=value, x1=value, y0=0, y1=1,
            line={"width": 1.2, "dash": ("dot", "dash", "dot")[place]},
        )  # fmt: skip
        # On a logarithmic axis Plotly takes shapes at their value but annotations at its logarithm.
        x = log10(value) if summary.histogram.is_log else value
        figure.add_annotation(
            x=x, xref="x", y=1, yref="paper", yanchor="bottom", xanchor=lean, showarrow=False,
            yshift=16 if lean == "center" else 0,
            text=f"D{percent} <b>{number(value)}</b> {summary.selection.unit}",
        )  # fmt: skip
