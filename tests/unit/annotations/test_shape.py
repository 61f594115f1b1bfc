"""Shapes whose size and form follow from geometry, and what must not change them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from annotations import shape
from tests.phantoms import ellipse_outline

SQUARE = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], dtype=float)


def polygon(sides, radius, center=(50.0, 50.0)):
    t = 2 * np.pi * np.arange(sides) / sides
    return np.stack([center[0] + radius * np.cos(t), center[1] + radius * np.sin(t)], axis=1)


@pytest.mark.parametrize("diameter", [6, 8, 12, 20, 60, 200])
def test_a_circle_is_one_in_every_descriptor(diameter):
    got = shape.measure(ellipse_outline((500.3, 499.8), diameter))
    assert got.ecd_px == pytest.approx(diameter, rel=1e-5)
    assert (got.feret_min_px, got.feret_max_px) == pytest.approx((diameter, diameter), rel=1e-5)
    assert (got.aspect_ratio, got.roundness, got.solidity) == pytest.approx((1, 1, 1), rel=1e-5)
    if diameter >= shape.MIN_CIRCULARITY_ECD_PX:
        assert got.circularity == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("ratio", [1.1, 1.5, 2, 4])
@pytest.mark.parametrize("angle", [0, 0.3, 1.1, 2.5])
def test_an_ellipse_by_its_axes(ratio, angle):
    got = shape.measure(ellipse_outline((50, 60), 80, ratio, angle))
    assert got.aspect_ratio == pytest.approx(ratio, rel=1e-4)
    assert got.roundness == pytest.approx(1 / ratio, rel=1e-4)  # 4 (pi a b)/(pi (2a)^2) = b/a
    assert (got.feret_max_px, got.feret_min_px) == pytest.approx((80, 80 / ratio), rel=1e-4)
    assert got.area_px2 == pytest.approx(math.pi * 80**2 / 4 / ratio, rel=1e-4)


def test_a_square():
    got = shape.measure(SQUARE)
    assert got.area_px2 == pytest.approx(400)
    assert (got.feret_min_px, got.feret_max_px) == pytest.approx((20, 20 * math.sqrt(2)))
    assert got.aspect_ratio == pytest.approx(1)
    assert got.roundness == pytest.approx(2 / math.pi)  # 4 s^2/(pi 2 s^2)
    assert got.circularity == pytest.approx(math.pi / 4)  # 4 pi s^2/(16 s^2)
    assert got.solidity == pytest.approx(1)


def test_a_rectangle_three_to_one():
    got = shape.measure([[0, 0], [60, 0], [60, 20], [0, 20]])
    assert got.aspect_ratio == pytest.approx(3)  # second moments w^2/12 and h^2/12
    assert got.feret_max_px == pytest.approx(math.hypot(60, 20))
    assert got.circularity == pytest.approx(4 * math.pi * 1200 / 160**2)


def test_a_hexagon():
    got = shape.measure(polygon(6, 30))
    assert (got.feret_min_px, got.feret_max_px) == pytest.approx((30 * math.sqrt(3), 60))
    assert got.area_px2 == pytest.approx(1.5 * math.sqrt(3) * 900)
    assert got.circularity == pytest.approx(math.pi * math.sqrt(3) / 6)


def test_a_stadium():
    half = np.linspace(-np.pi / 2, np.pi / 2, 1000)
    right = np.stack([20 + 10 * np.cos(half), 10 * np.sin(half)], axis=1)
    got = shape.measure(np.concatenate([right, -right]))
    area, perimeter = math.pi * 100 + 800, math.pi * 20 + 80
    assert got.area_px2 == pytest.approx(area, rel=1e-4)
    assert (got.feret_min_px, got.feret_max_px) == pytest.approx((20, 60), rel=1e-4)
    assert got.circularity == pytest.approx(4 * math.pi * area / perimeter**2, rel=1e-4)


def test_a_notch_lowers_solidity():
    got = shape.measure([[0, 0], [40, 0], [40, 40], [20, 20], [0, 40]])
    assert got.solidity == pytest.approx(1200 / 1600)


def test_nm_come_from_the_pixel_size_and_from_nothing_else():
    plain, sized = shape.measure(SQUARE), shape.measure(SQUARE, pixel_size_nm=0.5)
    assert plain.area_nm2 is plain.ecd_nm is plain.feret_min_nm is plain.feret_max_nm is None
    assert sized.area_nm2 == pytest.approx(100)
    assert sized.ecd_nm == pytest.approx(plain.ecd_px / 2)
    assert (sized.feret_min_nm, sized.feret_max_nm) == pytest.approx((10, 10 * math.sqrt(2)))


def test_pixels_that_are_not_square_give_the_shape_of_the_specimen():
    drawn = ellipse_outline((50, 50), 40, 2)  # twice as wide as high in pixels
    got = shape.measure(drawn, pixel_size_nm=(1.0, 2.0))
    assert got.aspect_ratio == pytest.approx(1, rel=1e-4)
    assert got.ecd_nm == pytest.approx(40, rel=1e-4)
    assert got.ecd_px == pytest.approx(40 / math.sqrt(2), rel=1e-4)


@pytest.mark.parametrize(
    ("box", "is_cut"),
    [
        ((0, 20, 30, 30), True),
        ((0.4, 20, 30, 30), True),
        ((1, 20, 30, 30), False),
        ((69.8, 20, 30, 30), True),
    ],
)
def test_what_reaches_the_frames_edge_is_marked(box, is_cut):
    x, y, width, height = box
    outline = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    assert shape.measure(outline, (100, 100)).touches_border is is_cut


def test_small_outlines_have_a_size_but_no_shape():
    got = shape.measure(polygon(12, 2))
    assert got.ecd_px == pytest.approx(3.9, abs=0.1)
    assert got.aspect_ratio is got.roundness is got.solidity is got.circularity is None
    assert shape.measure(polygon(12, 4)).circularity is None


@pytest.mark.parametrize(
    ("outline", "sentence"),
    [
        ([[0, 0], [1, 1]], "at least 3 points"),
        ([[0, 0], [1, 1], [2, 2]], "a line"),
        ([[0, 0], [1, float("nan")], [2, 0]], "must all be numbers"),
        ([[0, 0, 0], [1, 1, 1], [2, 0, 0]], "at least 3 points"),
        ([[0, 0], [10, 10], [10, 0], [0, 10]], "crosses itself"),
    ],
)
def test_what_is_no_outline_is_refused(outline, sentence):
    with pytest.raises(ValueError, match=sentence):
        shape.measure(outline)


@pytest.mark.parametrize("pixel_size_nm", [0, -1, float("nan"), (1, 0)])
def test_a_pixel_size_must_be_positive(pixel_size_nm):
    with pytest.raises(ValueError, match="must be positive"):
        shape.measure(SQUARE, pixel_size_nm=pixel_size_nm)


def test_many_at_once_are_as_one_by_one():
    outlines = [polygon(n, 5 + n, (100 * n, 7)) for n in range(3, 12)]
    assert shape.measure_many(outlines) == [shape.measure(one) for one in outlines]
    assert shape.measure_many([]) == []


stars = st.lists(st.floats(0.4, 1.0), min_size=5, max_size=40).map(
    lambda radii: np.array(radii)[:, None] * 50 * polygon(len(radii), 1, (0, 0))
)


@settings(max_examples=100, deadline=None)
@given(outline=stars, angle=st.floats(0, 6.28), scale=st.floats(0.5, 20), mirrored=st.booleans())
def test_turning_mirroring_and_scaling_change_nothing_but_the_size(outline, angle, scale, mirrored):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    other = scale * (outline[::-1] * ([1, -1] if mirrored else [1, 1])) @ turn.T + [1000, 2000]
    a, b = shape.measure(outline), shape.measure(other)
    for name in ("aspect_ratio", "roundness", "circularity", "solidity"):
        assert getattr(b, name) == pytest.approx(getattr(a, name), rel=1e-6)
    for name in ("ecd_px", "feret_min_px", "feret_max_px"):
        assert getattr(b, name) == pytest.approx(scale * getattr(a, name), rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(outline=stars)
def test_the_inequalities_of_plane_geometry_hold(outline):
    got = shape.measure(outline)
    assert got.feret_min_px <= got.feret_max_px + 1e-9
    assert got.aspect_ratio >= 1
    assert 0 < got.roundness <= 1 + 1e-9  # isodiametric inequality
    assert 0 < got.circularity <= 1 + 1e-9  # isoperimetric inequality
    assert 0 < got.solidity <= 1 + 1e-9


def test_many_hulls_at_once_are_those_of_qhull():
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(rng.integers(3, 90), 2)).round(rng.integers(1, 9)) for _ in range(300)]
    twice = [np.repeat(cloud, 2, axis=0) for cloud in clouds[:20]]
    for cloud, hull in zip(clouds + twice, shape.convex_hulls(clouds + twice), strict=True):
        expected = ConvexHull(cloud)
        assert shape.polygon_moments([hull])[0][0] == pytest.approx(expected.volume)
        assert shape.feret_diameters(hull) == pytest.approx(
            shape.feret_diameters(cloud[expected.vertices]), abs=1e-9
        )


def test_of_points_on_sides_a_hull_keeps_the_corners():
    square = [[0, 0], [5, 0], [10, 0], [10, 5], [10, 10], [5, 10], [0, 10], [0, 5]]
    (hull,) = shape.convex_hulls([np.array(square, dtype=float)])
    assert sorted(hull.tolist()) == [[0, 0], [0, 10], [10, 0], [10, 10]]
