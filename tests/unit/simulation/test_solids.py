"""Solids: volume by thickness, shadow by outline, both against what geometry says."""

import numpy as np
import pytest

from annotations.outline import polygon_area
from annotations.raster import inside
from mlcore.simulation.aggregates import cluster
from mlcore.simulation.families import FAMILIES, member
from mlcore.simulation.solids import Aggregate, Ellipsoid, Polyhedron, Tube

PITCH = 0.05


def grid(half):
    at = np.arange(-half, half, PITCH) + PITCH / 2
    return at[None, :], at[:, None]


def volume(solid, half):
    return solid.thickness(*grid(half)).sum() * PITCH**2


def test_a_sphere_has_its_volume_and_a_round_shadow():
    ball = Ellipsoid.of([5, 5, 5], np.eye(3))
    assert volume(ball, 6) == pytest.approx(4 / 3 * np.pi * 125, rel=1e-3)
    assert polygon_area(ball.outline) == pytest.approx(np.pi * 25, rel=1e-3)


def test_a_turned_ellipsoid_keeps_its_volume():
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    assert volume(Ellipsoid.of([3, 5, 4], turn), 6) == pytest.approx(4 / 3 * np.pi * 60, rel=1e-3)


def test_a_cube_turned_on_its_corner_keeps_its_volume_and_shows_a_hexagon():
    normals = np.concatenate([np.eye(3), -np.eye(3)])
    c = np.array([1, 1, 1]) / np.sqrt(3)
    a = np.cross(c, [1, 0, 0]) / np.linalg.norm(np.cross(c, [1, 0, 0]))
    turn = np.stack([a, np.cross(c, a), c])  # the diagonal goes along the beam
    cube = Polyhedron(normals @ turn.T, np.full(6, 2.0))
    assert volume(cube, 4) == pytest.approx(64, rel=2e-3)
    assert len(cube.outline) == 6
    assert polygon_area(cube.outline) == pytest.approx(16 * np.sqrt(3), rel=1e-9)


def test_a_hollow_tube_lets_the_beam_through_its_middle_as_two_walls():
    tube = Tube(np.array([[-50.0, 0.0], [50.0, 0.0]]), 5.0, 3.0)
    assert tube.thickness(np.array([[0.0]]), np.array([[0.0]]))[0, 0] == pytest.approx(4.0)
    assert polygon_area(tube.outline) == pytest.approx(100 * 10 + np.pi * 25, rel=1e-3)


def test_a_bent_tube_has_the_area_of_a_straight_one_of_its_length():
    angle = np.linspace(0, np.pi / 2, 40)
    bent = Tube(60 * np.stack([np.cos(angle), np.sin(angle)], axis=1), 2.0)
    length = np.hypot(*np.diff(bent.line, axis=0).T).sum()
    assert polygon_area(bent.outline) == pytest.approx(length * 4 + np.pi * 4, rel=5e-3)


def test_two_touching_spheres_cast_two_discs_in_one_outline():
    pair = Aggregate(np.array([[-1.0, 0, 0], [1.0, 0, 0]]), np.array([1.05, 1.05]))
    half = 1.05**2 * np.arccos(1 / 1.05) - np.sqrt(1.05**2 - 1)  # what one disc loses to the other
    assert polygon_area(pair.outline) == pytest.approx(2 * (np.pi * 1.05**2 - half), rel=5e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_thickness_ends_where_the_outline_is(family):
    one = member(np.random.default_rng(3), family, 20.0, "gold")
    outline = one.outline()
    low, high = outline.min(0) - 2, outline.max(0) + 2
    x = np.arange(low[0], high[0], 0.1)[None, :] + 0.05
    y = np.arange(low[1], high[1], 0.1)[:, None] + 0.05
    # Outer solids only: a hollow one has no matter in its middle, but a shadow there.
    solid = one.parts[0][1].thickness(x, y) > 0
    seen = np.zeros(solid.shape, bool)
    seen[inside((outline - low) / 0.1, solid.shape)] = True
    # An outline has no holes; an aggregate may have some.
    assert (solid & ~seen).sum() < 0.005 * seen.sum() + 5
    assert (seen & ~solid).sum() < 0.02 * seen.sum() + 5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_member_is_about_as_large_as_asked_for(family):
    rng = np.random.default_rng(7)
    ecd = [2 * np.sqrt(polygon_area(member(rng, family, 10.0, "gold").outline()) / np.pi) for _ in range(12)]
    assert 7 < np.mean(ecd) < 13


def test_clusters_are_fractal_as_diffusion_limited_ones_are():
    clusters = [cluster(k) for k in range(40)]
    counts = np.array([len(radii) for _, radii in clusters])
    gyration = np.array([np.sqrt((centres**2).sum(1).mean()) for centres, _ in clusters])
    large = counts > 15
    dimension, _ = np.polyfit(np.log(gyration[large]), np.log(counts[large]), 1)
    assert 1.5 < dimension < 2.1  # 1.78 for diffusion-limited cluster-cluster aggregation in three dimensions


def test_monomers_touch_and_do_not_interpenetrate():
    centres, radii = cluster(3)
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=-1) - radii[:, None] - radii[None]
    np.fill_diagonal(gaps, np.inf)
    assert gaps.min() > -1e-6
    assert (gaps.min(1) < 0.02).all()


def test_a_pixel_is_inside_by_its_centre():
    square = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 3.0], [1.0, 3.0]])
    rows, columns = inside(square, (6, 6))
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {
        (r, c) for r in (1, 2) for c in (1, 2, 3)
    }
    rows, columns = inside(square + 0.6, (6, 6))
    assert set(rows.tolist()) == {2, 3}


def test_a_polygon_beside_the_grid_has_no_pixel_and_one_across_its_edge_some():
    square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    assert len(inside(square - 10, (8, 8))[0]) == 0
    assert len(inside(square - 2, (8, 8))[0]) == 4
    assert len(inside(square + 6, (8, 8))[0]) == 4
