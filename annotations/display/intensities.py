"""Statistics of an image's intensities over all its pixels at full depth, from the counts of its codes."""

import numpy as np

PERCENTS = (0.1, 0.5, 1, 50, 99, 99.5, 99.9)


def percentile_codes(counts, percents=PERCENTS):
    """Codes at or below which the given share of the pixels lies (the inverse of the cumulative count).

    Parameters
    ----------
    counts : ndarray of int, shape (65536,)
        How many pixels have each code.
    percents : sequence of float
        In [0, 100].

    Returns
    -------
    ndarray of int
    """
    cumulative = np.cumsum(counts, dtype=np.int64)
    wanted = np.ceil(cumulative[-1] * np.asarray(percents) / 100).clip(1)
    return np.searchsorted(cumulative, wanted)


def histogram(counts, first, last, n_bins=1024):
    """Counts of codes in bins of one whole width from `first` to at least `last`.

    Bins hold a whole number of codes each: unequal ones would draw a comb into a smooth histogram.

    Parameters
    ----------
    counts : ndarray of int, shape (65536,)
    first, last : int
        Codes, `first <= last`; what lies outside is left out.
    n_bins : int
        At most so many bins.

    Returns
    -------
    binned : ndarray of int, shape (B,), B <= n_bins
    width : int
        Codes per bin.
    """
    if not 0 <= first <= last < len(counts):
        raise ValueError(f"Codes run from 0 to {len(counts) - 1} and first <= last, got {first} and {last}.")
    if n_bins < 1:
        raise ValueError(f"A histogram needs at least one bin, got {n_bins}.")
    width = -(-(last - first + 1) // n_bins)
    inside = counts[first : last + 1]
    padded = np.pad(inside, (0, -len(inside) % width))
    return padded.reshape(-1, width).sum(axis=1, dtype=np.int64), width
