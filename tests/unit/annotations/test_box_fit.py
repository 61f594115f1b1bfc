"""Boxes drawn tightly, loosely and beside the middle, in layers where every particle has neighbours."""

import numpy as np
import pytest
from scipy import ndimage

from annotations import shape
from annotations.box_fit import crop_slices, shrink_to_fit
from annotations.outline import outline_box
from mlcore.evaluation.matching import box_iou
from tests import phantoms

SHARE = 0.95
PSF_PX = 0.7
DRAWN = [(margin, offset) for margin in (0, 0.1, 0.2, 0.5) for offset in (0, 0.1)]


def recorded(size, discs, *, noise, contrast=1.0):
    """A frame through a microscope's blur, its noise that of the camera; on a slope."""
    clean = phantoms.micrograph(size, discs, contrast=contrast, noise=0, slope=0.5)
    blurred = ndimage.gaussian_filter(clean, PSF_PX)
    return blurred + noise * np.random.default_rng(1).standard_normal(blurred.shape).astype(np.float32)


def drawn(discs, margin, offset, seed=2):
    """Boxes with a margin on every side, their middle beside the disc's; both as shares of its diameter."""
    rng = np.random.default_rng(seed)
    for x, y, diameter in discs:
        angle, side = rng.uniform(0, 2 * np.pi), diameter * (1 + 2 * margin)
        left, top = x + offset * diameter * np.cos(angle), y + offset * diameter * np.sin(angle)
        yield (left - side / 2, top - side / 2, side, side)


def share_fitted(image, discs, margin, offset):
    """Share of the boxes whose outline has the disc's own bounding box, at IoU 0.9."""
    good = 0
    for (x, y, d), box in zip(discs, drawn(discs, margin, offset), strict=True):
        rows, columns = crop_slices(box, image.shape[::-1])
        found = shrink_to_fit(image[rows, columns], box, origin=(columns.start, rows.start))
        true = (x - d / 2, y - d / 2, d, d)
        good += found is not None and box_iou([true], [outline_box(found)])[0, 0] >= 0.9
    return good / len(discs)


@pytest.mark.parametrize(("margin", "offset"), DRAWN)
@pytest.mark.parametrize(("diameter", "gap", "noise"), [(16, 2, 0.1), (24, 2, 0.2), (40, 1, 0.2)])
def test_in_the_densest_layer_the_boxed_disc_is_fitted(diameter, gap, noise, margin, offset):
    discs = phantoms.hexagonal_discs(6 * diameter, diameter, gap)
    image = recorded(6 * diameter, discs, noise=noise, contrast=-1)
    assert share_fitted(image, discs, margin, offset) >= SHARE


@pytest.mark.parametrize(("margin", "offset"), DRAWN)
@pytest.mark.parametrize(("diameter", "gap"), [(16, 2), (24, 0), (40, 0)])
def test_in_a_crowd_of_unequal_discs_the_boxed_one_is_fitted(diameter, gap, margin, offset):
    discs = phantoms.crowded_discs(6 * diameter, diameter, gap)
    image = recorded(6 * diameter, discs, noise=0.2)
    assert share_fitted(image, discs, margin, offset) >= SHARE


@pytest.mark.parametrize("margin", [0, 0.2, 0.5])
def test_sizes_in_a_dense_layer_are_right(margin):
    discs = phantoms.hexagonal_discs(240, 30, 3)
    image = recorded(240, discs, noise=0.1)
    found = [shrink_to_fit(image, box) for box in drawn(discs, margin, 0.05)]
    sizes = [one.ecd_px for one in shape.measure_many(found)]
    assert np.median(sizes) == pytest.approx(30, rel=0.02)


def test_a_box_around_two_that_touch_keeps_both():
    pair = [(45, 50, 20), (65, 50, 20)]
    got = shrink_to_fit(recorded(110, pair, noise=0.05), (34, 39, 42, 22))
    assert np.ptp(got, axis=0) == pytest.approx((40, 20), abs=1)


def test_a_hollow_particle_is_outlined_from_outside():
    ring = phantoms.disc(100, (50, 50), 40) - 0.9 * phantoms.disc(100, (50, 50), 8)
    image = ring + 0.05 * np.random.default_rng(0).standard_normal((100, 100))
    assert shape.measure(shrink_to_fit(image, (28, 28, 44, 44))).ecd_px == pytest.approx(40, rel=0.02)


def test_a_box_on_a_part_of_something_large_stays_a_box():
    assert shrink_to_fit(recorded(200, [(100, 100, 160)], noise=0.1), (80, 80, 30, 30)) is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("grain_px", [0, 1.5])
def test_nothing_is_invented_in_the_grain_of_a_support(seed, grain_px):
    image = np.random.default_rng(seed).standard_normal((120, 120))
    image = ndimage.gaussian_filter(image, grain_px) if grain_px else image
    assert shrink_to_fit(image, (40, 40, 35, 35)) is None


def test_a_particle_cut_by_the_frame_ends_on_its_edge():
    image = recorded(100, [(2, 50, 30)], noise=0.1)
    got = shrink_to_fit(image, (0, 33, 20, 34))
    assert got[:, 0].min() == pytest.approx(0, abs=0.3)
    assert np.ptp(got[:, 1]) == pytest.approx(30, abs=1.5)
