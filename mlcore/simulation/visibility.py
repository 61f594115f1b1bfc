"""How well a particle can be seen: the Rose number, where it lies and against what lies around it."""

import numpy as np
from scipy import ndimage

AROUND = 2.0  # diameters from the middle: how far the surroundings reach that a particle must stand out from


def rose_number(conditions, specimen, unit, signal, outline_px, area_px2, margin_px):
    """Contrast over noise of a whole particle (A. Rose, J. Opt. Soc. Am. 38, 196, 1948).

    The noise is that of counting, of the electrons that reach the camera where the particle lies: under a
    thick support there are few. The background's own unevenness, averaged over a particle's size, is noise as
    well: nobody can tell a particle from a lump of support as bright and as large.

    Parameters
    ----------
    unit : float
        Bright field: share of the beam that liquid and gas pass. Dark field: counts per Z signal.
    signal : float
        Mean absorption (t / lambda) or Z signal of the particle over its shadow.
    outline_px : ndarray of shape (V, 2)
        In pixels of the frame.
    area_px2 : float
        Of the outline.
    margin_px : int
        By which the specimen is larger than the frame on each side.
    """
    scale = conditions.pixel_size_nm / specimen.pitch_nm
    is_bright = conditions.mode == "BF"
    field = specimen.background_absorption if is_bright else specimen.background_z
    behind, uneven = _around(field, (outline_px + margin_px) * scale, np.sqrt(area_px2) * scale)
    if is_bright:
        pedestal = (1 - unit) * conditions.film.pedestal
        through = unit * np.exp(-behind)
        dose = conditions.camera.dose_e_px * conditions.camera.dqe
        counts = (through + pedestal) * dose
        difference = through * (1 - np.exp(-signal)) * dose
        clutter = through * uneven * dose
    else:
        counts = (signal + behind) * unit + conditions.scan.background * conditions.scan.counts
        difference, clutter = signal * unit, uneven * unit
    return float(difference / np.sqrt(max(counts / area_px2 + clutter**2, 1e-12)))


def _around(field, outline, side):
    """Mean of a field under an outline, and the deviation of its means over squares of a side around it."""
    low, high = outline.min(0), outline.max(0)
    inner = tuple(
        slice(max(int(a), 0), max(int(np.ceil(b)), int(a) + 1, 1))
        for a, b in zip(low[::-1], high[::-1], strict=True)
    )
    reach = AROUND * side
    outer = tuple(slice(max(int(one.start - reach), 0), int(one.stop + reach)) for one in inner)
    if not field[inner].size:
        return 0.0, 0.0
    step = max(int(side / 8), 1)  # means over a side do not change within an eighth of it
    coarse = ndimage.uniform_filter(field[outer], max(int(side), 1), mode="nearest")[::step, ::step]
    return float(field[inner].mean()), float(coarse.std())
