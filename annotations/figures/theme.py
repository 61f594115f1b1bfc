"""How every chart looks, in light and in dark. Traces carry no colours: these templates give them.

Okabe and Ito's palette, which people with any colour vision can tell apart; lines differ in dash as well.
"""

from math import ceil, floor, log10

import plotly.graph_objects as go

BLUE, SKY, VERMILION, ORANGE = "#0072B2", "#56B4E9", "#D55E00", "#E69F00"
FONT = 'Inter, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def _template(*, text, muted, grid, surface, bar, line):
    axis = {
        "gridcolor": grid,
        "linecolor": muted,
        "tickcolor": muted,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "title": {"font": {"size": 13}, "standoff": 8},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 12, "color": text},
            "paper_bgcolor": surface,
            "plot_bgcolor": surface,
            "colorway": [bar, line],
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"bgcolor": surface, "bordercolor": muted, "font": {"family": FONT, "color": text}},
            "shapedefaults": {"line": {"color": text}, "fillcolor": muted},
            "annotationdefaults": {"font": {"color": text, "size": 12}},
        },
        data={
            "bar": [{"marker": {"color": bar, "line": {"color": surface, "width": 0.5}}}],
            "scatter": [{"marker": {"color": bar}, "line": {"color": line}}],
            "heatmap": [{"colorscale": "Cividis"}],
        },
    )


TEMPLATES = {
    "light": _template(
        text="#15202a", muted="#75818b", grid="#e6eaed", surface="#ffffff", bar=BLUE, line=VERMILION
    ),
    "dark": _template(
        text="#e6ebef", muted="#7a8793", grid="#283139", surface="#171d23", bar=SKY, line=ORANGE
    ),
}
TICKS_MIN = 4


def log_axis(low, high):
    """A logarithmic axis with ticks at 1, 2, 5 times a power of ten, closer where those would be too few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), [1 + step / 10 for step in range(90)]):
        ticks = [step * 10.0**power for power in powers for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= TICKS_MIN:
            break
    margin = 0.015 * log10(high / low)
    return {
        "type": "log",
        "range": [log10(low) - margin, log10(high) + margin],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
    }


def layout(*, has_second_axis=False, **more):
    """The layout all charts share; the browser adds the template of the hour."""
    return go.Layout(
        margin={"l": 60, "r": 60 if has_second_axis else 16, "t": 44 if has_second_axis else 12, "b": 48},
        showlegend=False,
        bargap=0,
        dragmode=False,
        **{"hovermode": "closest", **more},
    )


def templates_json():
    return {name: template.to_plotly_json() for name, template in TEMPLATES.items()}
