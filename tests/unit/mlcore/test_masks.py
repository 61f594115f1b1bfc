"""Short cuts over small masks give what SciPy and the textbook give."""

import numpy as np
import pytest
from scipy import ndimage

from mlcore.inference.masks import eroded, fill, filled, median
from tests import phantoms


def blobs(seed, sigma=1.5):
    return ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((40, 57)), sigma) > -0.08


@pytest.mark.parametrize("seed", range(5))
def test_holes_are_filled_as_scipy_does(seed):
    mask = blobs(seed)
    assert (filled(mask) == ndimage.binary_fill_holes(mask)).all()
    assert filled(mask).sum() > mask.sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_mask_is_eroded_as_scipy_does(seed):
    mask = blobs(seed)
    assert (eroded(mask) == ndimage.binary_erosion(mask, border_value=1)).all()


def test_a_disc_fills_its_ellipse_and_a_dumbbell_does_not():
    disc = phantoms.disc(80, (25, 40), 40) > 0.5
    assert fill(disc) == pytest.approx(1, abs=2e-3)
    assert fill(phantoms.ellipse(80, (40, 40), 60, 2, 0.6) > 0.5) == pytest.approx(1, abs=3e-3)
    assert fill(disc | (phantoms.disc(80, (65, 40), 40) > 0.5)) == pytest.approx(0.89, abs=0.01)
    assert fill(np.eye(2, dtype=bool)) == 1


def test_of_an_even_number_the_median_is_the_upper():
    assert median(np.array([4.0, 1.0, 3.0, 2.0])) == 3
