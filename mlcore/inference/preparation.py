"""From a frame as recorded to numbers that can be searched: gaps filled, burned-in footers left out."""

import numpy as np

MIN_SIDE_PX = 8
FOOTER_MAX_SHARE = 0.15  # of the height: an instrument's footer is never taller
FOOTER_FLAT_SHARE = 0.3  # of a footer's row has one and the same value, whatever is written on it

FOOTER_LOSS = 0.03  # of the frame's range: how far a JPEG moves a footer's value
FOOTER_EDGE_SHARE = 0.9  # of a footer's upper edge steps, if it was moved


def cleaned(image):
    """A frame as float32 without gaps, or None where there is nothing to see (one value throughout).

    Raises
    ------
    ValueError
        If the array is no image, or holds hardly any number.
    """
    image = np.asarray(image)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"A frame must be an image of rows and columns, got shape {image.shape}.")
    if np.iscomplexobj(image):
        raise ValueError("The frame holds complex numbers (a Fourier transform?); it cannot be searched.")
    finite = np.isfinite(image)
    if finite.mean() < 0.5:
        raise ValueError("More than half of the frame's pixels hold no number (NaN or infinite).")
    if not finite.all():
        image = np.where(finite, image, np.median(image[finite]))
    low, high = float(image.min()), float(image.max())
    if not (high > low and np.isfinite(high - low)):
        return None
    # A common offset and scale, so that no sum below can overflow or cancel; taken in full precision, or
    # 32-bit counts on a high offset would lose their depth. By rows: twice the frame would be much memory.
    scaled = np.empty(image.shape, np.float32)
    for rows, out in zip(image, scaled, strict=True):
        out[:] = (rows.astype(np.float64) - low) / (high - low)
    return scaled


def picture_rows(image):
    """The rows that are micrograph: a slice without the footer that an instrument burned in.

    A footer is a band at the lower edge whose rows are mostly of one value, under a row with hardly any of
    it. Dark vacuum at the edge is no footer: its value goes on above. A JPEG moves values a little; then a
    footer is told by its upper edge, a hard step along a whole row.
    """
    height = image.shape[0]
    value = _commonest(image[-1])
    for tolerance in (0, FOOTER_LOSS):
        share = np.array([(np.abs(row - value) <= tolerance).mean() for row in image])
        flat = share >= FOOTER_FLAT_SHARE
        start = height if flat.all() else height - int(np.argmin(flat[::-1]))
        if not height - FOOTER_MAX_SHARE * height <= start < height - 3:
            continue
        goes_on = share[:start].mean() >= 0.02
        if tolerance:
            step = np.abs(image[min(start + 1, height - 1)] - image[start - 2])
            goes_on = (step < 2 * tolerance).mean() > 1 - FOOTER_EDGE_SHARE
        if not goes_on:
            return slice(0, start)
    return slice(0, height)


def halved(image, times=1):
    """Means of blocks of 2 x 2 pixels, `times` over; an odd last row or column is left out."""
    for _ in range(times):
        rows, columns = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
        image = image[:rows, :columns]
        image = (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) * np.float32(0.25)
    return image


def _commonest(row):
    values, counts = np.unique(row, return_counts=True)
    return values[counts.argmax()]
