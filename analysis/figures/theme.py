"""How every chart looks, in light and in dark. Traces carry no colours: these templates give them.

Okabe and Ito's palette, which people with any colour vision can tell apart; lines differ in dash as well.
"""

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
# Ticks of a logarithmic axis at 1, 2 and 5.
LOG_AXIS = {"type": "log", "dtick": "D2", "minor": {"ticks": "outside", "dtick": "D1", "ticklen": 2}}


def layout(**more):
    """The layout all charts share; the browser adds the template of the hour."""
    return go.Layout(
        margin={"l": 64, "r": 64, "t": 44, "b": 52},
        showlegend=False,
        bargap=0,
        hovermode="closest",
        dragmode=False,
        **more,
    )


def templates_json():
    return {name: template.to_plotly_json() for name, template in TEMPLATES.items()}
