import numpy as np
import pytest

from analysis.metrology.edges import edge_weight


def test_the_weights_are_those_of_miles_and_lantuejoul():
    # By hand: (1024 / 924)^2 and 2048^2 / (1988 x 2008).
    field = np.array([1024, 2048])
    found = edge_weight(np.array([100, 60]), np.array([100, 40]), field, field)
    assert found == pytest.approx([1.2281628905005528, 1.050702622107145], abs=1e-12)


def test_a_particle_wider_than_half_the_field_has_no_weight():
    assert np.isnan(edge_weight(np.array([513.0]), np.array([10.0]), 1024, 1024)).all()


def test_weighting_restores_the_mean_that_the_frame_has_biased():
    rng = np.random.default_rng(0)
    d = 50 * 1.6 ** rng.standard_normal(400_000)
    x, y = rng.uniform(-300, 800, (2, d.size))  # a field of 500 within a larger world
    is_inside = (x > d / 2) & (x < 500 - d / 2) & (y > d / 2) & (y < 500 - d / 2)
    inside = d[is_inside]
    weight = edge_weight(inside, inside, 500, 500)
    is_sound = ~np.isnan(weight)
    assert inside.mean() == pytest.approx(52.5, abs=0.4)
    assert np.average(inside[is_sound], weights=weight[is_sound]) == pytest.approx(55.84, abs=0.4)
