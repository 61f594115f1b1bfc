"""Outlines of drawn discs: right to a fraction of a pixel, or none."""

import numpy as np
import pytest

from annotations import box_fit, outline, shape
from tests import phantoms


def fitted(diameter, *, noise=0.05, contrast=1.0, center=(50.3, 49.6), box=None, seed=0):
    rng = np.random.default_rng(seed)
    image = contrast * phantoms.disc(100, center, diameter) + noise * rng.standard_normal((100, 100))
    x, y = center[0] - diameter / 2 - 1, center[1] - diameter / 2 - 1
    return box_fit.shrink_to_fit(image, box or (x, y, diameter + 2, diameter + 2))


@pytest.mark.parametrize("contrast", [1.0, -1.0])
@pytest.mark.parametrize(("diameter", "tolerance"), [(6, 0.03), (8, 0.02), (20, 0.01), (60, 0.005)])
def test_a_box_shrinks_to_the_disc_in_it(diameter, tolerance, contrast):
    sizes = [shape.measure(fitted(diameter, contrast=contrast, seed=seed)).ecd_px for seed in range(10)]
    assert np.mean(sizes) == pytest.approx(diameter, rel=tolerance)


def test_a_loose_box_gives_the_same_outline_as_a_tight_one():
    loose = fitted(20, box=(35, 34, 32, 31))
    assert shape.measure(loose).ecd_px == pytest.approx(shape.measure(fitted(20)).ecd_px, rel=0.01)


def test_a_slope_below_the_particle_does_not_move_it():
    image = phantoms.disc(100, (50, 50), 24) + np.linspace(0, 3, 100)[None]
    got = box_fit.shrink_to_fit(image, (36, 36, 28, 28))
    assert got.mean(0) == pytest.approx((50, 50), abs=0.3)


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_invented_in_noise(seed):
    image = np.random.default_rng(seed).standard_normal((100, 100))
    assert box_fit.shrink_to_fit(image, (35, 35, 30, 30)) is None


@pytest.mark.parametrize(
    ("image", "box"),
    [
        (np.zeros((50, 50)), (10, 10, 20, 20)),
        (np.full((50, 50), np.nan), (10, 10, 20, 20)),
        (np.zeros((2, 2)), (0, 0, 2, 2)),
        (np.random.default_rng(0).random((50, 50)), (0, 0, 50, 50)),
        (np.zeros((50, 50)), (200, 200, 5, 5)),
    ],
)
def test_without_a_particle_the_box_stays_a_box(image, box):
    assert box_fit.shrink_to_fit(image, box) is None


def test_a_crop_gives_what_the_whole_frame_gives():
    image = phantoms.micrograph(120, [(70.4, 60.2, 18)], noise=0.05)
    box = (60, 50, 21, 21)
    rows, columns = box_fit.crop_slices(box, (120, 120))
    cropped = box_fit.shrink_to_fit(image[rows, columns], box, origin=(columns.start, rows.start))
    assert cropped == pytest.approx(box_fit.shrink_to_fit(image, box))


def test_of_two_touching_discs_the_boxed_one_is_outlined():
    image = np.maximum(phantoms.disc(100, (40, 50), 20), phantoms.disc(100, (60, 50), 20))
    got = box_fit.shrink_to_fit(image, (29, 39, 22, 22))
    assert shape.measure(got).ecd_px == pytest.approx(20, rel=0.06)


def test_a_mask_keeps_its_area_and_loses_its_stairs():
    mask = phantoms.disc(100, (50.2, 49.9), 40) > 0.5
    measured = shape.measure(outline.mask_outline(mask))
    assert measured.area_px2 == pytest.approx(mask.sum(), rel=1e-6)
    assert measured.circularity == pytest.approx(1, abs=0.01)
    assert measured.feret_max_px == pytest.approx(40, rel=0.02)


def test_outline_to_mask_and_back():
    drawn = phantoms.ellipse_outline((50, 40), 50, 1.6, 0.4)
    mask = outline.outline_mask(drawn, (100, 80))
    assert mask.shape == (80, 100)
    assert mask.sum() == pytest.approx(outline.polygon_area(drawn), rel=0.01)
    again = outline.mask_outline(mask)
    assert again.mean(0) == pytest.approx((50, 40), abs=0.2)


def test_a_single_pixel_is_a_pixel():
    mask = np.zeros((5, 5), dtype=bool)
    mask[2, 3] = True
    got = outline.mask_outline(mask)
    assert got.mean(0) == pytest.approx((3.5, 2.5))
    assert outline.polygon_area(got) == pytest.approx(1)


def test_a_particle_cut_by_the_edge_ends_on_the_edge():
    field = np.where(np.hypot(*np.mgrid[:40, -8:32]) < 12, 1.0, -1.0)
    got = outline.field_outline(field, field > 0)
    assert got[:, 1].min() == pytest.approx(0)


@pytest.mark.parametrize(
    ("drawn", "crosses"),
    [([[0, 0], [9, 0], [9, 9], [0, 9]], False), ([[0, 0], [9, 9], [9, 0], [0, 9]], True)],
)
def test_a_line_that_crosses_itself_is_seen(drawn, crosses):
    assert outline.crosses_itself(drawn) is crosses
