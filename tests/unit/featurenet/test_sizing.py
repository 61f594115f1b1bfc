"""What is reported: the outline's value, the network's, or both, and how wide its interval is."""

import json

import numpy as np
import pytest

from mlcore.data.feature_crops import UNIT
from mlcore.inference import sizing
from mlcore.inference.sizing import Sizer
from tests.phantoms import ellipse_outline

N = 3000


def answers(rng, *, outline_error, network_error):
    """A network that is right to `network_error` about outlines that are right to `outline_error`."""
    true = np.stack([rng.uniform(10, 60, N), rng.uniform(1, 2, N), rng.uniform(0.4, 0.9, N)], axis=1)
    wrong = rng.normal(0, outline_error, (N, 3))
    found = np.stack(
        [true[:, 0] * np.exp(wrong[:, 0]), true[:, 1] * np.exp(wrong[:, 1]), true[:, 2] + wrong[:, 2]], axis=1
    )
    mean = -wrong + rng.normal(0, network_error, (N, 3))
    log_variance = np.full((N, 3), 2 * np.log(network_error / UNIT))
    kinds = np.zeros((N, 3)) + [3, 0, 0]
    return np.concatenate([mean / UNIT, log_variance, np.full((N, 1), -5), kinds], axis=1), found, true


def errors(values, found, true):
    return np.abs(sizing.base(found) + sizing.residuals(found, true) - values)


@pytest.mark.parametrize(
    ("outline_error", "network_error", "best"), [(0.2, 0.02, "network"), (0.02, 0.2, "outline")]
)
def test_the_better_one_is_reported_and_intervals_cover_nine_of_ten(outline_error, network_error, best):
    rng = np.random.default_rng(0)
    some = {"outline_error": outline_error, "network_error": network_error}
    table = sizing.fit(*answers(rng, **some))
    table = json.loads(json.dumps(table))
    out, found, true = answers(rng, **some)
    value, half = sizing.report(out, found, table)
    error = errors(value, found, true)
    # The worse one's weight is its share of 1 / variance, one hundredth: fusing adds next to nothing.
    assert np.sqrt((error**2).mean()) < 1.03 * min(outline_error, network_error)
    assert set(table["targets"]["roundness"]["choice"].values()) <= {best, "fused"}
    np.testing.assert_allclose((error <= half).mean(0), 0.9, atol=0.025)


def test_two_that_err_independently_and_alike_are_fused():
    rng = np.random.default_rng(1)
    out, found, true = answers(rng, outline_error=0.1, network_error=0.1)
    # Independent: the network errs about the truth by itself, not about the outline's error.
    table = sizing.fit(out, found, true)
    value, _ = sizing.report(out, found, table)
    rms = np.sqrt((errors(value, found, true) ** 2).mean(0))
    assert table["targets"]["log_ecd"]["choice"]["all"] == "fused"
    np.testing.assert_allclose(rms, 0.1 / np.sqrt(2), rtol=0.05)


def test_a_network_that_is_too_sure_is_not_believed():
    rng = np.random.default_rng(2)
    out, found, true = answers(rng, outline_error=0.2, network_error=0.1)
    out[:, 3:6] -= 4  # says a seventh of its error
    table = sizing.fit(out, found, true)
    scale = table["targets"]["log_ecd"]["network_scale"]["all"]
    assert scale == pytest.approx(np.exp(4), rel=0.1)
    value, half = sizing.report(out, found, table)
    np.testing.assert_allclose((errors(value, found, true) <= half).mean(0), 0.9, atol=0.01)


def test_particles_too_small_for_a_shape_do_not_spoil_the_table():
    rng = np.random.default_rng(3)
    out, found, true = answers(rng, outline_error=0.1, network_error=0.05)
    found[:50, 1:] = np.nan
    table = sizing.fit(out, found, true)
    value, half = sizing.report(out, found, table)
    assert np.isfinite(value[:, 0]).all()
    assert np.isfinite(half).all()
    assert np.isnan(value[:50, 1:]).all()


@pytest.fixture(scope="module")
def table():
    return sizing.fit(*answers(np.random.default_rng(0), outline_error=0.2, network_error=0.02))


def fixed(residual, truncated=-5.0):
    """A network that gives every crop the same answer."""
    row = [*np.array(residual) / UNIT, *[2 * np.log(0.02 / UNIT)] * 3, truncated, 3, 0, 0]
    return lambda crops: np.tile(np.array(row, np.float32), (len(crops), 1))


MAPS = {"foreground": np.zeros((100, 120), np.float32), "distance": np.zeros((100, 120), np.float32)}
FRAME = np.zeros((100, 120), np.float32)


def test_an_estimate_is_the_outline_corrected_by_the_network(table):
    outlines = [ellipse_outline((60, 50), 40, 1.5), ellipse_outline((20, 20), 4)]
    first, small = Sizer(fixed([0.1, 0.05, -0.02]), table)(FRAME, MAPS, outlines)
    assert first.ecd_factor == pytest.approx(np.exp(0.1), rel=5e-3)
    assert first.ecd_factor_low < first.ecd_factor < first.ecd_factor_high
    # The half width is 1.645 deviations of the network's error, 0.02.
    assert np.log(first.ecd_factor_high / first.ecd_factor) == pytest.approx(1.645 * 0.02, rel=0.15)
    assert first.aspect_ratio == pytest.approx(1.5 * np.exp(0.05), rel=5e-3)
    assert first.roundness == pytest.approx(1 / 1.5 - 0.02, abs=5e-3)
    assert first.truncated_probability == pytest.approx(1 / (1 + np.exp(5)))
    assert small.ecd_factor > 1
    assert small.aspect_ratio is small.roundness is small.roundness_low is None


def test_no_aspect_ratio_is_below_one_and_no_roundness_above(table):
    (disc,) = Sizer(fixed([0, -0.1, 0.1]), table)(FRAME, MAPS, [ellipse_outline((60, 50), 30)])
    assert disc.aspect_ratio == disc.aspect_ratio_low == 1
    assert disc.roundness == disc.roundness_high == 1


def test_what_the_frame_cuts_is_not_sized(table):
    at_edge = np.clip(ellipse_outline((0, 50), 30), 0, None)
    near_edge, inner = ellipse_outline((17, 50), 30), ellipse_outline((60, 50), 30)
    unsure, sure = (Sizer(fixed([0, 0, 0], one), table) for one in (-3.0, 3.0))
    assert [one is None for one in unsure(FRAME, MAPS, [at_edge, near_edge, inner])] == [True, False, False]
    assert [one is None for one in sure(FRAME, MAPS, [at_edge, near_edge, inner])] == [True, True, False]
    inside = unsure(FRAME, MAPS, [at_edge, inner], is_cut=[False, True])
    assert [one is None for one in inside] == [False, True]


def test_a_line_among_outlines_has_no_size_and_spoils_no_other(table):
    line = np.array([[10.0, 10], [20, 10], [30, 10]])
    first, none = Sizer(fixed([0.01, 0, 0]), table)(FRAME, MAPS, [ellipse_outline((60, 50), 30), line])
    assert none is None
    assert first.aspect_ratio == pytest.approx(1, abs=1e-3)


def test_many_particles_come_in_batches_and_in_order(table):
    sizes = []

    def net_run(crops):
        sizes.append(len(crops))
        return fixed([0.01, 0, 0])(crops)

    outlines = [ellipse_outline((60, 50), 10 + k / 50, points=20) for k in range(sizing.BATCH + 5)]
    assert len(Sizer(net_run, table)(FRAME, MAPS, outlines)) == len(outlines)
    assert sizes == [sizing.BATCH, 5]
    assert Sizer(net_run, table)(FRAME, MAPS, []) == []


def test_a_table_of_something_else_is_refused():
    with pytest.raises(ValueError, match="not FeatureNet's"):
        Sizer(fixed([0, 0, 0]), {"targets": {"diameter": {}}})
