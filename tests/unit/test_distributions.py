"""Against closed forms of the lognormal: median 50 nm, geometric SD 1.25 and 1.6 (Hatch and Choate 1929)."""

import numpy as np
import pytest
from scipy.stats import norm

from analysis.metrology.distributions import (
    _inverted_sums,
    bin_count,
    cumulative_curve,
    histogram,
    moments,
    quantile_intervals,
    quantiles,
    weights_for,
)

# A lognormal's own quantiles, evenly spaced in probability: a sample without sampling error.
PROBABILITY = (np.arange(400_000) + 0.5) / 400_000


def lognormal(geometric_sd, median=50.0):
    return median * geometric_sd ** norm.ppf(PROBABILITY)


@pytest.mark.parametrize(
    ("geometric_sd", "expected"),
    [
        (1.25, [37.564258929, 50, 66.552623992]),
        (1.6, [27.376613268, 50, 91.318819296]),
    ],
)
def test_number_weighted_d_values_are_those_of_the_lognormal(geometric_sd, expected):
    assert quantiles(lognormal(geometric_sd), [0.1, 0.5, 0.9]) == pytest.approx(expected, rel=1e-4)


def test_volume_weighted_d_values_are_those_of_the_lognormal():
    d = lognormal(1.6)
    found = quantiles(d, [0.1, 0.5, 0.9], weights_for(d, "volume"))
    assert found == pytest.approx([53.111812073, 97.002159383, 177.162453282], rel=2e-3)
    d = lognormal(1.25)
    assert quantiles(d, 0.5, weights_for(d, "volume")) == pytest.approx(58.055656131, rel=1e-4)


@pytest.mark.parametrize(
    ("geometric_sd", "mean", "sauter", "volume", "cv"),
    [
        (1.25, 51.260451435, 56.628116321, 59.519182833, 0.225950332),
        (1.6, 55.839120679, 86.85860218, 108.330305679, None),
    ],
)
def test_moments_are_those_of_the_lognormal(geometric_sd, mean, sauter, volume, cv):
    found = moments(lognormal(geometric_sd))
    assert found.mean == pytest.approx(mean, rel=1e-4)
    assert found.sauter_mean == pytest.approx(sauter, rel=2e-3)
    assert found.volume_mean == pytest.approx(volume, rel=5e-3)
    assert found.geometric_mean == pytest.approx(50, rel=1e-6)
    assert found.geometric_sd == pytest.approx(geometric_sd, rel=1e-4)
    if cv:
        assert found.cv == pytest.approx(cv, rel=1e-3)


def test_equal_weights_give_numpys_own_quantiles():
    d = np.random.default_rng(1).lognormal(3, 0.4, 37)
    p = np.linspace(0, 1, 23)
    assert quantiles(d, p, np.full(37, 2.5)) == pytest.approx(np.quantile(d, p))


def test_an_integer_weight_is_a_particle_seen_so_often():
    d, times = np.array([3.0, 1.0, 2.0]), np.array([40, 20, 30])
    # The two rules differ only between neighbours, by less than one particle's share.
    found = quantiles(d, [0.1, 0.35, 0.9], times)
    assert found[0] <= 2
    assert found == pytest.approx(np.sort(found))
    assert quantiles(d, [0, 1], times).tolist() == [1.0, 3.0]


def test_one_particle_that_outweighs_all_others_keeps_the_order():
    d = np.array([1.0, 2.0, 1000.0])
    found = quantiles(d, np.linspace(0, 1, 11), weights_for(d, "volume"))
    assert np.all(np.diff(found) >= 0)
    assert found[-1] == 1000


@pytest.mark.parametrize("is_log", [True, False])
@pytest.mark.parametrize("weighting", ["number", "volume"])
def test_a_histogram_is_a_density_and_counts_every_particle_once(is_log, weighting):
    d = np.random.default_rng(2).lognormal(3, 0.5, 5000)
    found = histogram(d, weights_for(d, weighting), is_log=is_log, bins=31)
    width = np.diff(np.log(found.edges) if is_log else found.edges)
    assert found.count.sum() == 5000
    assert (found.density * width).sum() == pytest.approx(1)
    assert found.cumulative[-1] == pytest.approx(1)
    assert width == pytest.approx(width[0])
    assert found.edges[0] == d.min()
    assert found.edges[-1] == d.max()


def test_the_density_in_ln_d_follows_the_lognormal():
    found = histogram(lognormal(1.6), is_log=True, bins=60)
    middle = np.sqrt(found.edges[1:] * found.edges[:-1])
    sigma = np.log(1.6)
    truth = norm.pdf(np.log(middle / 50) / sigma) / sigma
    assert found.density[20:40] == pytest.approx(truth[20:40], rel=0.05)


def test_a_value_on_an_edge_belongs_to_the_bin_on_its_right():
    found = histogram(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), is_log=False, bins=4)
    assert found.count.tolist() == [1, 1, 1, 2]


def test_one_size_only_has_a_bar_around_it():
    found = histogram(np.full(12, 20.0))
    assert found.count.sum() == 12
    assert found.edges[0] < 20 < found.edges[-1]


@pytest.mark.parametrize(("n", "expected"), [(1, 15), (50, 15), (1_000_000, 60)])
def test_the_bin_count_stays_between_15_and_60(n, expected):
    assert bin_count(np.random.default_rng(0).lognormal(3, 0.4, n)) == expected


def test_the_bin_count_is_freedman_and_diaconis_between():
    d = np.exp(np.linspace(0, 1, 10_001))  # uniform in ln d: IQR 1/2, range 1, so n^(1/3) bins
    assert bin_count(d) == 22


def test_the_cumulative_curve_ends_at_the_extremes():
    d, share = cumulative_curve(np.arange(1.0, 2001.0))
    assert (d[0], d[-1], share[0], share[-1], d.size) == (1, 2000, 0, 1, 512)
    assert np.all(np.diff(d) >= 0)


def test_no_interval_is_given_from_fewer_than_five_images():
    d = np.random.default_rng(3).lognormal(3, 0.4, 400)
    assert quantile_intervals(d, np.arange(400) % 4, [0.5]) is None
    assert quantile_intervals(d, np.arange(400) % 5, [0.5]).shape == (1, 2)


def test_images_that_differ_widen_the_interval():
    rng = np.random.default_rng(4)
    image = np.repeat(np.arange(20), 100)
    alike = rng.lognormal(3, 0.3, 2000)
    different = alike * np.repeat(rng.lognormal(0, 0.2, 20), 100)
    low, high = quantile_intervals(alike, image, [0.5])[0]
    low_different, high_different = quantile_intervals(different, image, [0.5])[0]
    assert low < np.median(alike) < high
    assert high_different - low_different > 3 * (high - low)


@pytest.mark.slow
def test_the_interval_covers_the_true_median():
    """Nominal 95 %; the percentile bootstrap of 30 groups falls a little short, which is known of it."""
    rng, hits = np.random.default_rng(5), 0
    for trial in range(300):
        shift = np.repeat(rng.normal(0, 0.1, 30), 40)
        d = np.exp(np.log(50) + shift + rng.normal(0, 0.3, 1200))
        low, high = quantile_intervals(d, np.repeat(np.arange(30), 40), [0.5], resamples=300, seed=trial)[0]
        hits += low <= 50 <= high
    assert 0.90 <= hits / 300 <= 0.98


def test_the_grid_of_the_bootstrap_is_fine_enough():
    rng = np.random.default_rng(6)
    d, image = rng.lognormal(3, 0.4, 100_000), np.repeat(np.arange(50), 2000)
    times = np.random.default_rng(0).multinomial(50, np.full(50, 1 / 50), size=100)
    exact = [np.quantile(np.repeat(d, np.repeat(row, 2000)), 0.9) for row in times]
    found = quantile_intervals(d, image, [0.9], resamples=100, seed=0)[0]
    assert found == pytest.approx(np.quantile(exact, [0.025, 0.975]), rel=1e-3)


def test_more_groups_than_are_resampled_one_by_one_give_an_interval_as_wide():
    d = 20 * np.exp(0.3 * np.random.default_rng(4).normal(size=12_000))
    low, high = quantile_intervals(d, np.arange(12_000) // 2, [0.5])[0]
    # sd of a sample median: 1 / (2 f(median) sqrt(n)), with the lognormal's f(20) = 1 / (6 sqrt(2 pi)).
    expected = 2 * 1.96 * 20 * 0.3 * np.sqrt(2 * np.pi) / 2 / np.sqrt(d.size)
    assert high - low == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.37, 0.9, 1.0])
@pytest.mark.parametrize("cells", [1, 2, 15, 400])
def test_sums_are_inverted_as_numpy_does_it_row_by_row(share, cells):
    rng = np.random.default_rng(5)
    times = rng.integers(0, 4, (30, 9)).astype(float)
    below = np.cumsum(rng.uniform(size=(9, cells)), axis=1)
    value, sums = np.linspace(5, 9, cells), times @ below
    wanted = share * sums[:, -1]
    found = _inverted_sums(times, below, wanted, value)
    assert found == pytest.approx([np.interp(w, row, value) for w, row in zip(wanted, sums, strict=True)])


def test_a_quantile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no particle"):
        quantiles(np.array([]), 0.5)
