"""Pixel values as 16-bit codes, value = offset + step * code: exact where 16 bits can be, else linear."""

from dataclasses import dataclass

import numpy as np

N_CODES = 65536
BAND_PX = 2**21  # pixels looked at together: bounds the memory, whatever the image's size
# A few hot pixels must not eat the codes: where the extremes lie this many times wider apart than the bulk
# (percentiles 0.01 to 99.99, widened on both sides by its own width), codes cover the widened bulk only.
OUTLIER_RATIO = 64
BULK_PERCENT = (0.01, 99.99)
SAMPLE_PX = 2**20


@dataclass(frozen=True)
class Coding:
    """How values became codes.

    `value_min` and `value_max` are the extremes of the finite values, even where codes do not reach them.
    `is_exact` says that every pixel's value is `offset + step * code`, bit for bit.
    """

    offset: float
    step: float
    value_min: float
    value_max: float
    is_exact: bool

    def values(self, codes):
        """The values that codes stand for, within the image's own: near float64's limits too."""
        values = self.offset / 4 + self.step / 4 * codes
        return 4 * np.clip(values, self.value_min / 4, self.value_max / 4)

    def encode(self, band):
        """Codes of some rows.

        Parameters
        ----------
        band : ndarray, shape (H, W)

        Returns
        -------
        ndarray of uint16, shape (H, W)
            Not-a-number becomes code 0, as does what lies below the coded range.
        """
        if band.dtype == np.uint16 and self.offset == 0 and self.step == 1:
            return band
        if band.dtype == np.bool_:
            return band.astype(np.uint16)
        if self.is_exact and band.dtype.kind in "iu":
            return (band.astype(np.int64) - int(self.offset)).astype(np.uint16)
        codes = band.astype(np.float64)
        with np.errstate(over="ignore"):  # half of float64's range from the offset: the last code
            codes -= self.offset
            codes /= self.step
        np.nan_to_num(codes, copy=False, nan=0, posinf=N_CODES - 1, neginf=0)
        np.rint(codes, out=codes)
        return codes.clip(0, N_CODES - 1, out=codes).astype(np.uint16)


def bands(image):
    """Rows of an image in pieces of at most about BAND_PX pixels, at least one row each."""
    n_rows = max(1, BAND_PX // image.shape[1])
    return (np.asarray(image[top : top + n_rows]) for top in range(0, image.shape[0], n_rows))


def choose_coding(image):
    """The coding that loses least.

    Integers up to 16 bits, and any values that are whole numbers within 65,536 of each other, stay exact.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Booleans, integers or floats, native or foreign byte order; may be a memory map.

    Returns
    -------
    Coding

    Raises
    ------
    ValueError
        If the image is empty, has not two dimensions, or is of another kind, such as complex numbers.
    """
    if image.ndim != 2 or 0 in image.shape:
        raise ValueError(f"An image has rows and columns, got an array of shape {image.shape}.")
    if image.dtype.kind not in "buif":
        raise ValueError(f"Pixels must be integers or real numbers, got {image.dtype}.")
    low, high, has_gaps, is_whole = _extent(image)
    if image.dtype.kind in "bui" and image.dtype.itemsize <= 2:
        offset = float(np.iinfo(image.dtype).min) if image.dtype.kind == "i" else 0.0
        return Coding(offset, 1.0, float(low), float(high), True)
    # Beyond 2**53 a float64 no longer tells neighbouring integers apart.
    is_exact = is_whole and not has_gaps and high - low < N_CODES and max(abs(low), abs(high)) < 2**53
    if is_exact:
        return Coding(float(low), 1.0, float(low), float(high), True)
    low, high = float(low), float(high)
    first, last = _coded_range(image, low, high)
    # Halved before subtracting: the range of float64 data may itself not fit a float64.
    step = 2 * ((last / 2 - first / 2) / (N_CODES - 1))
    return Coding(first, step if np.isfinite(step) and step > 0 else 1.0, low, high, False)


def _extent(image):
    """Smallest and largest finite value (0 and 0 if there is none), any not finite?, all whole?"""
    low, high, has_gaps, is_whole = None, None, False, True
    for band in bands(image):
        if band.dtype.kind == "f":
            finite = np.isfinite(band)
            if not finite.all():
                has_gaps = True
                band = band[finite]
            # A code knows no sign of zero, and what is kept is kept bit for bit.
            is_whole = is_whole and bool((band == np.floor(band)).all())
            is_whole = is_whole and not (np.signbit(band) & (band == 0)).any()
        if band.size:
            band_low, band_high = band.min().item(), band.max().item()
            low = band_low if low is None else min(low, band_low)
            high = band_high if high is None else max(high, band_high)
    return (0, 0, has_gaps, is_whole) if low is None else (low, high, has_gaps, is_whole)


def _coded_range(image, low, high):
    """The values that the first and the last code stand for."""
    stride = max(1, int(np.sqrt(image.shape[0] * image.shape[1] / SAMPLE_PX)))
    sample = np.asarray(image[::stride, ::stride], dtype=np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return low, high
    with np.errstate(over="ignore", invalid="ignore"):
        first, last = np.percentile(sample, BULK_PERCENT)
        bulk = last - first
    # Divided, not multiplied: a multiple of the bulk may not fit a float64 either.
    if not np.isfinite(bulk) or bulk <= 0 or not (high / 2 - low / 2) / (OUTLIER_RATIO / 2) > bulk:
        return low, high
    return max(low, float(first - bulk)), min(high, float(last + bulk))
