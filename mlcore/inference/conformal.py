"""Intervals that hold: split-conformal quantiles by size and class (Mondrian), pooled where these are few.

If the particles that follow are like those of the calibration, an interval covers the truth with at least
the stated probability, whatever the network's own idea of its error (V. Vovk et al., Algorithmic Learning in
a Random World, 2005, ch. 2 and 4.5; Y. Romano et al., Conformalized quantile regression, NeurIPS 2019).
"""

import math

import numpy as np

LEVEL = 0.9
LEAST = 200  # calibration particles of a stratum; with fewer its size bin's are taken, then all
EDGES_PX = (8.0, 12.0, 18.0, 27.0, 40.0)  # of the ECD in px of the maps; the median particle has about 24
ALL = "all"


def size_bins(ecd_px):
    """Which bin of EDGES_PX each diameter (N,) is in, from 0."""
    return np.searchsorted(EDGES_PX, ecd_px, side="right")


def by_stratum(statistic, bins, kinds, least=LEAST):
    """A statistic of every stratum that has enough members, of every size bin that has, and of all.

    Parameters
    ----------
    statistic : callable
        Indices of members -> a number or a word.
    bins, kinds : ndarray of shape (N,) of int

    Returns
    -------
    dict of str
        "all", "2" (a bin) and "2/0" (a bin and a class) -> the statistic's value. JSON keeps it.
    """
    if not len(bins):
        raise ValueError("No particle of known size is there to calibrate with; more scenes are needed.")
    table = {ALL: statistic(np.arange(len(bins)))}
    for b in np.unique(bins):
        members = np.flatnonzero(bins == b)
        if len(members) >= least:
            table[f"{b}"] = statistic(members)
        for kind in np.unique(kinds[members]):
            same = members[kinds[members] == kind]
            if len(same) >= least:
                table[f"{b}/{kind}"] = statistic(same)
    return table


def look_up(table, bins, kinds):
    """What `by_stratum` found for the stratum of each (N,), or for the smallest pool that holds it."""
    return np.array(
        [
            table.get(f"{b}/{kind}", table.get(f"{b}", table[ALL]))
            for b, kind in zip(np.asarray(bins).tolist(), np.asarray(kinds).tolist(), strict=True)
        ]
    )


def quantile(scores, level=LEVEL):
    """The ceil((n + 1) level)-th smallest score: the next one exceeds it with a probability under 1 - level.

    With so few scores that there is none, the largest.
    """
    ordered = np.sort(np.asarray(scores, float))
    return float(ordered[min(math.ceil((len(ordered) + 1) * level), len(ordered)) - 1])
