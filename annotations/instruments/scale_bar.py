"""Pixel size from a scale bar or any known distance in the image."""

import math


def pixel_size_from_bar(length_nm, length_px, end_half_width_px=1.0, bar_relative_uncertainty=0.0):
    """Pixel size and its standard uncertainty from a distance whose length is known.

    Each end was read somewhere within +/- `end_half_width_px`, so each carries a rectangular distribution of
    standard uncertainty a / sqrt(3); the two ends are independent:
    u_rel^2 = (2/3) (a / length_px)^2 + bar_relative_uncertainty^2.

    Parameters
    ----------
    length_nm, length_px : float
        The distance, positive.
    end_half_width_px : float, optional
        How far off each end may have been read, px.
    bar_relative_uncertainty : float, optional
        Relative standard uncertainty of the stated length itself, e.g. of the standard.

    Returns
    -------
    pixel_size_nm : float
        nm per pixel.
    relative_uncertainty : float
        Standard uncertainty as a fraction of it.

    Raises
    ------
    ValueError
        If a length is not positive, or an uncertainty is negative.

    References
    ----------
    JCGM 100:2008 (GUM), 4.3.7 (rectangular distribution) and 5.1.2 (combination).
    """
    if not (length_nm > 0 and length_px > 0):
        raise ValueError(
            f"A scale bar has a length in nm and in px above 0, got {length_nm} and {length_px}."
        )
    if not (end_half_width_px >= 0 and bar_relative_uncertainty >= 0):
        raise ValueError("Uncertainties must not be negative.")
    relative_reading = math.sqrt(2 / 3) * end_half_width_px / length_px
    return length_nm / length_px, math.hypot(relative_reading, bar_relative_uncertainty)
