"""Size distributions: histograms as densities, cumulative curves, D values, their intervals.

Notation of ISO 9276-1: q_r is a density and Q_r a cumulative distribution, r = 0 for number and r = 3 for
volume. A weight of 1 for each particle gives q_0; a weight of d^3 gives q_3. The two differ by a factor of
two and more for the same particles, so nothing here has a weighting that its caller did not choose.
"""

from dataclasses import dataclass
from math import isqrt

import numpy as np

BINS_MIN, BINS_MAX = 15, 60  # what is chosen without being asked
INTERVAL_GROUPS_MIN = 5  # fewer groups carry no interval worth printing
GRID_CELLS = 1000  # resolution of the bootstrap: 0.1 % of the particles
GROUPS_MAX = 500  # resampled one by one; more are first put together at random


def weights_for(diameter, weighting, edge_weight=None):
    """Weight of each particle: 1 (number) or d^3 (volume), times its edge correction.

    Parameters
    ----------
    diameter : ndarray of shape (K,)
    weighting : {"number", "volume"}
    edge_weight : ndarray of shape (K,), optional
        From `edges.edge_weight`.

    Returns
    -------
    ndarray of shape (K,)
    """
    diameter = np.asarray(diameter, dtype=float)
    weight = {"number": np.ones_like, "volume": lambda d: d * d * d}[weighting](diameter)
    return weight if edge_weight is None else weight * edge_weight


def quantiles(diameter, probability, weight=None):
    """D values: the weighted inverse of the empirical distribution, linearly interpolated.

    The sorted value number k stands at (W_k - w_k) / (W - w_k), with W_k the sum of the weights up to and
    with k. With equal weights that is (k - 1) / (n - 1), NumPy's default rule (Hyndman and Fan's type 7).

    Parameters
    ----------
    diameter : ndarray of shape (K,)
    probability : float or ndarray
        In [0, 1]; 0.5 gives D50.
    weight : ndarray of shape (K,), optional
        Positive; equal weights without.

    Returns
    -------
    float or ndarray, in the unit of `diameter`
    """
    diameter = np.asarray(diameter, dtype=float)
    if not diameter.size:
        raise ValueError("No quantile of nothing: there is no particle.")
    if weight is None or diameter.size == 1:
        return np.quantile(diameter, probability)
    order = np.argsort(diameter, kind="stable")
    weight = np.asarray(weight, dtype=float)[order]
    total = weight.sum()
    rest = total - weight
    place = np.divide(np.cumsum(weight) - weight, rest, out=np.zeros_like(rest), where=rest > 0)
    # Rounding and one particle that outweighs all others may turn the order; a distribution never falls.
    return np.interp(probability, np.maximum.accumulate(place), diameter[order])


@dataclass(frozen=True)
class Histogram:
    """Counts of particles and their density in bins. edges: (B + 1,); the others: (B,)."""

    edges: np.ndarray  # unit of the diameter
    count: np.ndarray  # particles, whatever the weighting
    share: np.ndarray  # part of the whole weight; sums to 1
    density: np.ndarray  # share per unit of ln d (log) or per unit of d (linear); integrates to 1
    is_log: bool

    @property
    def cumulative(self):
        """Q at the upper edge of each bin."""
        return np.cumsum(self.share)


def bin_count(diameter, is_log=True):
    """How many bins to start with: Freedman and Diaconis 1981 (width 2 IQR n^-1/3), kept within 15 to 60."""
    scale = np.log(diameter) if is_log else np.asarray(diameter, dtype=float)
    if scale.size < 2:
        return BINS_MIN
    low, q1, q3, high = np.quantile(scale, [0, 0.25, 0.75, 1])
    if q3 <= q1:
        return BINS_MIN
    bins = np.ceil((high - low) * np.cbrt(scale.size) / (2 * (q3 - q1)))
    return int(np.clip(bins, BINS_MIN, BINS_MAX))


def histogram(diameter, weight=None, *, is_log=True, bins=None):
    """Histogram over equal widths in ln d (default) or in d, as a density.

    Parameters
    ----------
    diameter : ndarray of shape (K,)
        Positive, K >= 1.
    weight : ndarray of shape (K,), optional
    is_log : bool
    bins : int, optional
        `bin_count` decides without.

    Returns
    -------
    Histogram
        The first bin begins at the smallest and the last ends at the largest value, both included.
    """
    diameter = np.asarray(diameter, dtype=float)
    if not diameter.size or diameter.min() <= 0:
        raise ValueError("A histogram needs at least one particle, and all diameters above 0.")
    weight = np.ones_like(diameter) if weight is None else np.asarray(weight, dtype=float)
    bins = bins or bin_count(diameter, is_log)
    low, high = diameter.min(), diameter.max()
    if high <= low * (1 + 1e-9):  # one size only: a bar around it rather than a bar of no width
        low, high = low * 0.95, high * 1.05
    edges = np.geomspace(low, high, bins + 1) if is_log else np.linspace(low, high, bins + 1)
    edges[0], edges[-1] = low, high  # exactly: geomspace may miss by one unit in the last place
    # One rule for every reader of the edges: a value on an inner edge belongs to the bin on its right.
    place = np.clip(np.searchsorted(edges, diameter, side="right") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    share = np.bincount(place, weights=weight, minlength=bins) / weight.sum()
    width = np.diff(np.log(edges)) if is_log else np.diff(edges)
    return Histogram(edges, count, share, share / width, is_log)


def cumulative_curve(diameter, weight=None, points=512):
    """Q(d) at up to `points` places, evenly spaced in Q: enough for any screen, whatever K.

    Returns
    -------
    diameter, share : ndarray of shape (P,)
        Rising; share runs from 0 to 1.
    """
    share = np.linspace(0, 1, min(points, max(2, np.asarray(diameter).size)))
    return quantiles(diameter, share, weight), share


@dataclass(frozen=True)
class Moments:
    """Means of a distribution; diameters in the unit given. Mean diameters D[p,q] as in ISO 9276-2."""

    mean: float  # D[1,0], arithmetic mean by number
    sd: float  # of the particles, n - 1
    sauter_mean: float  # D[3,2]
    volume_mean: float  # D[4,3]
    geometric_mean: float
    geometric_sd: float  # a factor, >= 1

    @property
    def cv(self):
        return self.sd / self.mean


def moments(diameter, edge_weight=None):
    """Moments by number of one set of particles.

    The geometric mean and SD are exp of the mean and of the SD (n - 1) of ln d: the maximum-likelihood
    lognormal but for the usual correction of the SD. A lower size cut is not corrected for.
    """
    diameter = np.asarray(diameter, dtype=float)
    weight = np.ones_like(diameter) if edge_weight is None else np.asarray(edge_weight, dtype=float)
    n = diameter.size

    def mean_sd(value):
        mean = np.average(value, weights=weight)
        variance = np.average((value - mean) ** 2, weights=weight) * n / (n - 1) if n > 1 else 0.0
        return float(mean), float(np.sqrt(variance))

    mean, sd = mean_sd(diameter)
    log_mean, log_sd = mean_sd(np.log(diameter))
    square = diameter * diameter  # not d**3, which takes twenty times as long
    m2, m3, m4 = (float((weight * power).sum()) for power in (square, square * diameter, square * square))
    return Moments(mean, sd, m3 / m2, m4 / m3, float(np.exp(log_mean)), float(np.exp(log_sd)))


def quantile_intervals(diameter, group, probability, weight=None, *, resamples=1000, seed=0):
    """95 % intervals of D values by resampling whole groups (cluster bootstrap, percentile method).

    Particles of one image resemble each other, so images are drawn with replacement, not particles
    (Davison and Hinkley 1997, 3.8). The work is bounded whatever the number of particles and of groups:

    * values are first put into `GRID_CELLS` cells of equal number, so that a resample is a sum of rows; up to
      that many particles each has a cell to itself;
    * more than `GROUPS_MAX` groups are shuffled into that many bundles, as many in each, which are resampled
      in their place (random groups: Wolter 2007, chapter 2). The expected spread is the same.

    Parameters
    ----------
    diameter, weight : ndarray of shape (K,)
    group : ndarray of int, shape (K,)
        What is resampled together: the image, or the recording that holds it.
    probability : sequence of float, length P

    Returns
    -------
    ndarray of shape (P, 2) or None
        Lower and upper limit; None with fewer than `INTERVAL_GROUPS_MIN` groups, where the spread between
        groups cannot be told.
    """
    diameter = np.asarray(diameter, dtype=float)
    names, group = np.unique(group, return_inverse=True)
    groups = names.size
    if groups < INTERVAL_GROUPS_MIN:
        return None
    rng = np.random.default_rng(seed)
    if groups > GROUPS_MAX:
        group, groups = (rng.permutation(groups) % GROUPS_MAX)[group], GROUPS_MAX
    weight = np.ones_like(diameter) if weight is None else np.asarray(weight, dtype=float)
    order = np.argsort(diameter, kind="stable")
    cells = min(diameter.size, GRID_CELLS)
    cell = np.empty(diameter.size, dtype=np.intp)
    cell[order] = np.arange(diameter.size) * cells // diameter.size
    middle = np.bincount(cell, weights=diameter, minlength=cells) / np.bincount(cell, minlength=cells)
    mass = np.bincount(group * cells + cell, weights=weight, minlength=groups * cells).reshape(groups, cells)
    below = np.cumsum(mass, axis=1) - mass / 2  # below the middle of each cell
    times = rng.multinomial(groups, np.full(groups, 1 / groups), size=resamples).astype(float)
    whole = times @ mass.sum(axis=1)
    found = [_inverted_sums(times, below, share * whole, middle) for share in probability]
    return np.quantile(found, [0.025, 0.975], axis=1).T


def _inverted_sums(times, below, wanted, value):
    """Where each row of `times @ below`, which rises, reaches `wanted`, as a `value` between columns.

    times (R, G), below (G, C), wanted (R,), value (C,). A few columns tell between which of them all rows get
    there; only these are worked out.
    """
    stride = max(1, isqrt(below.shape[1]))
    place = (times @ below[:, ::stride] < wanted[:, None]).sum(axis=1)
    columns = slice(max(0, place.min() - 1) * stride, place.max() * stride + 1)
    return _inverted(times @ below[:, columns], wanted, value[columns])


def _inverted(rising, wanted, value):
    """`np.interp(wanted[r], rising[r], value)` of all rows: rising (R, C), wanted (R,), value (C,)."""
    rows, last = np.arange(len(rising)), rising.shape[1] - 1
    right = np.minimum((rising < wanted[:, None]).sum(axis=1), last)
    left = np.maximum(right - 1, 0)
    low, high = rising[rows, left], rising[rows, right]
    step = np.divide(wanted - low, high - low, out=np.zeros_like(low), where=high > low)
    return value[left] + np.clip(step, 0, 1) * (value[right] - value[left])
