"""Pixels of any kind to one channel of real numbers in native byte order."""

import numpy as np

from annotations.instruments.recording import Refusal

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's and ImageJ's weighted conversion
COLOR_NOTE = (
    "The file is in color; its luminance (0.299 R + 0.587 G + 0.114 B) is shown, "
    "or its channel where all are equal."
)


def luminance(colors):
    """One channel of an image in color; equal channels are taken as they are, so grey stays exact.

    Parameters
    ----------
    colors : ndarray, shape (H, W, 3 or more)
        Red, green, blue; what follows (alpha) is left out.

    Returns
    -------
    ndarray, shape (H, W)
        Of the same type.
    """
    red, green, blue = colors[..., 0], colors[..., 1], colors[..., 2]
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.ascontiguousarray(red)
    total = np.zeros(red.shape, np.float64)
    for weight, channel in zip(LUMA, (red, green, blue), strict=True):
        total += weight * channel
    return np.rint(total).astype(colors.dtype) if colors.dtype.kind in "iu" else total.astype(colors.dtype)


def plain(image):
    """A frame as it is kept: shape (H, W), bool, integer or real numbers, native byte order.

    Raises
    ------
    Refusal
        For complex numbers, records, text or a wrong number of dimensions.
    """
    image = np.asarray(image)
    if image.ndim != 2:
        raise Refusal(f"The data have {image.ndim} dimensions, not the two of an image.")
    check_dtype(image.dtype)
    if image.dtype.itemsize > 8:
        image = image.astype(np.float64)
    return np.ascontiguousarray(image, image.dtype.newbyteorder("="))


def check_dtype(dtype):
    """Refuse what is not a number of one part."""
    if dtype.kind == "c":
        raise Refusal(
            "The data are complex numbers (a Fourier transform or a wave), not an image; export its modulus."
        )
    if dtype.kind not in "buif":
        raise Refusal(f"The pixels are of type {dtype}, which is no number.")
