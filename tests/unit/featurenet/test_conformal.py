"""Intervals cover what they promise on particles like those of the calibration."""

import json

import numpy as np
import pytest

from mlcore.inference import conformal


def test_the_quantile_is_the_one_of_split_conformal_prediction():
    # ceil((n + 1) 0.9) = 9 of 9, then 10 of 10; of 19 it is the 18th.
    assert conformal.quantile(np.arange(1, 10)) == 9
    assert conformal.quantile(np.arange(1, 20)) == 18
    assert conformal.quantile([3.0]) == 3


def test_intervals_cover_nine_of_ten_on_new_draws():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        q = conformal.quantile(np.abs(rng.standard_t(4, 300)))
        covered.append((np.abs(rng.standard_t(4, 300)) <= q).mean())
    # Expected: 271 / 301 = 0.9003; the mean of 300 draws of 300 has a standard error of 0.0014.
    assert np.mean(covered) == pytest.approx(271 / 301, abs=0.005)


def test_a_stratum_of_its_own_needs_enough_members_and_is_pooled_otherwise():
    bins = np.repeat([0, 1, 2], [300, 300, 50])
    kinds = np.concatenate([np.zeros(300, int), np.repeat([0, 1], [250, 50]), np.zeros(50, int)])
    table = conformal.by_stratum(lambda members: float(len(members)), bins, kinds, least=200)
    assert table == {"all": 650.0, "0": 300.0, "0/0": 300.0, "1": 300.0, "1/0": 250.0}
    assert json.loads(json.dumps(table)) == table
    found = conformal.look_up(table, [0, 1, 1, 2, 5], [0, 0, 1, 0, 2])
    np.testing.assert_array_equal(found, [300, 250, 300, 650, 650])


def test_strata_make_intervals_hold_where_errors_differ():
    rng = np.random.default_rng(1)
    bins = rng.integers(0, 3, 6000)
    scores = np.abs(rng.normal(0, 1.0 + 2 * bins))
    zeros = np.zeros(6000, int)
    table = conformal.by_stratum(lambda i: conformal.quantile(scores[i]), bins, zeros)
    new = rng.integers(0, 3, 6000)
    width = conformal.look_up(table, new, zeros)
    hit = np.abs(rng.normal(0, 1.0 + 2 * new)) <= width
    for one in range(3):
        assert hit[new == one].mean() == pytest.approx(0.9, abs=0.025)


def test_sizes_fall_into_bins_by_their_lower_edges():
    edges = np.array(conformal.EDGES_PX)
    np.testing.assert_array_equal(conformal.size_bins(edges), np.arange(1, len(edges) + 1))
    np.testing.assert_array_equal(conformal.size_bins([0.1, 1e4]), [0, len(edges)])


def test_without_particles_there_is_nothing_to_calibrate():
    with pytest.raises(ValueError, match="more scenes are needed"):
        conformal.by_stratum(len, np.zeros(0, int), np.zeros(0, int))
