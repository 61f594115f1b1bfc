"""Curves of trainings: what was told at each step, arrays in, Plotly figures out."""

import copy

import plotly.graph_objects as go

from annotations.figures.theme import layout, templates_json

SCORES = {
    "f1": "F1", "precision": "precision", "recall": "recall", "size_error": "error of the network’s size",
    "outline_error": "error of the outline’s size",
}  # fmt: skip
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
COLORS = {  # Okabe and Ito's, which people with any colour vision can tell apart
    "light": ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"],
    "dark": ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442"],
}


def loss_curves(train, val):
    """The loss of training batches and of validation frames.

    Parameters
    ----------
    train, val : sequence of (step, dict of str to float)
    """
    figure = _figure("loss")
    _add(figure, "training", train, "loss", DASHES[0])
    _add(figure, "validation", val, "loss", DASHES[1], mode="lines+markers")
    return figure


def score_curves(val):
    """Scores on the validation frames, those of SCORES that there are."""
    figure = _figure("score on validation frames", range=[0, 1.02])
    names = [name for name in SCORES if any(name in values for _, values in val)]
    for name, dash in zip(names, DASHES, strict=False):
        _add(figure, SCORES[name], val, name, dash, mode="lines+markers")
    return figure


def gan_losses(train):
    """Losses of the two networks of a GAN, by step; neither falls for ever: they are opponents."""
    figure = _figure("loss")
    names = {"discriminator": "tells real from made", "generator": "makes", "requested": "as asked for"}
    for (name, title), dash in zip(names.items(), DASHES, strict=False):
        _add(figure, title, train, name, dash)
    return figure


def distance_curve(val):
    """How far what a GAN makes is from real patches."""
    figure = _figure("KID-etem")
    _add(figure, "made against real", val, "kid", DASHES[0], mode="lines+markers")
    return figure


def overlaid(runs, name, axis, series="val"):
    """One curve a run; `runs` is a sequence of (title, dict of series to points)."""
    figure = _figure(axis)
    for (title, points), dash in zip(runs, DASHES, strict=False):
        mode = "lines" if series == "train" else "lines+markers"
        _add(figure, title, points.get(series, []), name, dash, mode=mode)
    return figure


def curve_templates():
    """The charts' templates, with a colour for each curve."""
    found = copy.deepcopy(templates_json())
    for theme, template in found.items():
        template["layout"]["colorway"] = COLORS[theme]
        template["data"].pop("scatter", None)
    return found


def _figure(axis, **more):
    figure = go.Figure(
        layout=layout(
            hovermode="x unified", xaxis={"title": {"text": "step"}},
            yaxis={"title": {"text": axis}, **more},
        )
    )  # fmt: skip
    return figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})


def _add(figure, title, points, name, dash, mode="lines"):
    known = [(step, values[name]) for step, values in points if name in values]
    figure.add_scatter(
        name=title, x=[step for step, _ in known], y=[value for _, value in known], mode=mode,
        line={"width": 2, "dash": dash}, hovertemplate="%{y:.4g}",
    )  # fmt: skip
