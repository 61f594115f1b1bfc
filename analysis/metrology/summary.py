"""All numbers of one size distribution, ready for a chart, a table or a program."""

from dataclasses import dataclass

import numpy as np

from analysis.metrology import distributions
from analysis.metrology.distributions import Histogram, Moments
from analysis.metrology.selection import Selection

PERCENTS = (10, 50, 90)
VOLUME_PARTICLES_MIN = 6000  # ISO 13322-1: below it a volume-weighted mean does not repeat


@dataclass(frozen=True)
class Summary:
    selection: Selection
    weighting: str  # "number" or "volume"
    histogram: Histogram
    curve: tuple  # diameters and Q, each (P,)
    d_values: np.ndarray  # at PERCENTS, in `selection.unit`
    intervals: np.ndarray | None  # (3, 2), 95 %
    moments: Moments  # by number

    @property
    def span(self):
        d10, d50, d90 = self.d_values
        return (d90 - d10) / d50

    @property
    def is_volume_shaky(self):
        return self.weighting == "volume" and self.selection.n < VOLUME_PARTICLES_MIN


def summarise(selection, *, weighting="number", is_log=True, bins=None):
    """Histogram, cumulative curve, D values with their intervals, and moments of a selection.

    Parameters
    ----------
    selection : Selection
        With at least one particle.
    weighting : {"number", "volume"}
        Volume takes each particle as a sphere of its ECD.

    Returns
    -------
    Summary
        Intervals come from resampling recordings: the frames of one file show the same specimen, often the
        same particles, and are kept together.
    """
    # Sorted once here: what sorts again below is then done at once. Without weights NumPy's selection serves.
    order = np.argsort(selection.diameter)
    diameter, recording = selection.diameter[order], selection.recording[order]
    edge_weight = None if selection.edge_weight is None else selection.edge_weight[order]
    weight = None
    if weighting == "volume" or edge_weight is not None:
        weight = distributions.weights_for(diameter, weighting, edge_weight)
    probability = np.array(PERCENTS) / 100
    return Summary(
        selection=selection,
        weighting=weighting,
        histogram=distributions.histogram(diameter, weight, is_log=is_log, bins=bins),
        curve=distributions.cumulative_curve(diameter, weight),
        d_values=distributions.quantiles(diameter, probability, weight),
        intervals=distributions.quantile_intervals(diameter, recording, probability, weight),
        moments=distributions.moments(diameter, edge_weight),
    )
