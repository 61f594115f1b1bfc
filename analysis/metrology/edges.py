"""Particles cut by the frame: who counts, and with which weight (docs/measurements.md)."""

import numpy as np

REACH_MAX = 0.5  # a particle wider than half the field is too rare inside it to be corrected for


def edge_weight(feret_x, feret_y, frame_width, frame_height):
    """Weight of a particle wholly inside the frame, so that large ones count as often as they occur.

    A particle of bounding widths Fx, Fy lies wholly inside a W x H field only while its reference point
    stays in a field of (W - Fx) x (H - Fy); hence w = W H / ((W - Fx)(H - Fy)). Miles 1974,
    Lantuejoul 1980, as in ISO 13322-1.

    Parameters
    ----------
    feret_x, feret_y, frame_width, frame_height : float or ndarray
        In one common unit.

    Returns
    -------
    float or ndarray
        At least 1; nan where the particle spans more than half of the field.
    """
    free_x = 1 - np.asarray(feret_x, dtype=float) / frame_width
    free_y = 1 - np.asarray(feret_y, dtype=float) / frame_height
    is_sound = (free_x >= REACH_MAX) & (free_y >= REACH_MAX)
    return np.divide(1, free_x * free_y, out=np.full(np.shape(is_sound), np.nan), where=is_sound)
