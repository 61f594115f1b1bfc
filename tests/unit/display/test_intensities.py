import numpy as np
import pytest

from annotations.display.intensities import histogram, percentile_codes


def counts_of(*codes):
    return np.bincount(codes, minlength=65536)


def test_percentiles_are_values_of_pixels():
    assert percentile_codes(counts_of(7, 7, 7, 9), (0, 50, 75, 76, 100)).tolist() == [7, 7, 7, 9, 9]


def test_percentiles_agree_with_numpy():
    codes = np.random.default_rng(0).integers(0, 65536, 12_345)
    percents = (0.1, 1, 33.3, 50, 99, 99.9)
    expected = np.percentile(codes, percents, method="inverted_cdf")
    np.testing.assert_array_equal(percentile_codes(np.bincount(codes, minlength=65536), percents), expected)


def test_bins_hold_a_whole_number_of_codes_and_lose_no_pixel():
    codes = np.random.default_rng(0).integers(100, 5000, 10_000)
    binned, width = histogram(np.bincount(codes, minlength=65536), 100, 4999, n_bins=512)
    assert width == 10
    assert len(binned) == 490
    assert binned.sum() == 10_000


def test_a_flat_image_has_a_flat_histogram():
    binned, width = histogram(np.ones(65536, int), 0, 65535, n_bins=512)
    assert width == 128
    assert set(binned.tolist()) == {128}


def test_what_lies_outside_is_left_out():
    binned, width = histogram(counts_of(1, 5, 9), 4, 6)
    assert (binned.tolist(), width) == ([0, 1, 0], 1)


@pytest.mark.parametrize("wrong", [(6, 4, 10), (-1, 4, 10), (0, 65536, 10), (0, 4, 0)])
def test_impossible_ranges_are_refused(wrong):
    with pytest.raises(ValueError, match=r"Codes run|at least one bin"):
        histogram(counts_of(1), *wrong)
