"""Sub-pixel outlines of chosen regions, at the half level of each particle's own edge."""

import numpy as np
from scipy import ndimage

from annotations.outline import field_outline, undo_blur
from mlcore.inference.level_sets import BLUR_PX

FINE_DIAMETER_PX = 36  # a particle is refined on the coarsest image on which it is at least half as wide
REACH_PX = 2  # how far an outline may move from the region found


def refine(chosen, pyramid):
    """Outlines (V, 2) in the frame's pixels, or None, one for each chosen region.

    Parameters
    ----------
    chosen : list of (quality, mask, row, column, px)
        As from `select`.
    pyramid : list of ndarray
        The frame halved 0, 1, 2 ... times and smoothed by `BLUR_PX`; entries may be None where not needed.
    """
    outlines = []
    owners = {}
    placed = []
    for number, (_, mask, row, column, px) in enumerate(chosen, start=1):
        halvings = _halvings(mask.sum() * px * px, pyramid)
        mask, row, column = _moved(mask, row, column, px, 2**halvings)
        image = pyramid[halvings]
        owner = owners.setdefault(halvings, np.zeros(image.shape, dtype=np.int32))
        box = owner[row : row + mask.shape[0], column : column + mask.shape[1]]
        mask = mask[: box.shape[0], : box.shape[1]]
        box[mask & (box == 0)] = number
        placed.append((number, halvings, row, column, mask.shape))
    for number, halvings, row, column, size in placed:
        margin = 3 * REACH_PX
        rows = slice(max(0, row - margin), row + size[0] + margin)
        columns = slice(max(0, column - margin), column + size[1] + margin)
        outline = _outline(pyramid[halvings][rows, columns], owners[halvings][rows, columns], number)
        if outline is not None:
            outline = (undo_blur(outline, BLUR_PX) + [columns.start, rows.start]) * 2**halvings
        outlines.append(outline)
    return outlines


def _outline(image, owner, number):
    mask = owner == number
    if not mask.any():
        return None
    others = (owner > 0) & ~mask
    far = ndimage.binary_dilation(mask, iterations=3 * REACH_PX)
    near = ndimage.binary_dilation(mask, iterations=REACH_PX)
    around = far & ~near & ~others
    core = ndimage.binary_erosion(mask, border_value=1)
    inside = np.median(image[core if core.sum() >= 5 else mask])
    outside = np.median(image[around]) if around.any() else np.median(image[~mask])
    if inside == outside:
        return None
    field = (image - (inside + outside) / 2) * np.sign(inside - outside)
    regions, count = ndimage.label((field > 0) & near & ~others)
    if not count:
        return None
    overlap = np.bincount(regions[mask], minlength=count + 1)[1:]
    if not overlap.any():
        return None
    return field_outline(field, ndimage.binary_fill_holes(regions == overlap.argmax() + 1))


def _halvings(area_px2, pyramid):
    diameter = 2 * np.sqrt(area_px2 / np.pi)
    wanted = max(0, int(np.ceil(np.log2(max(diameter / FINE_DIAMETER_PX, 1)))))
    usable = [i for i, image in enumerate(pyramid) if image is not None]
    return min(usable, key=lambda i: abs(i - wanted))


def _moved(mask, row, column, from_px, to_px):
    """A mask on another scale: repeated to a finer one, every n-th pixel of it to a coarser one."""
    if from_px >= to_px:
        factor = from_px // to_px
        return np.repeat(np.repeat(mask, factor, axis=0), factor, axis=1), row * factor, column * factor
    factor = to_px // from_px
    up, left = row % factor, column % factor
    padded = np.pad(
        mask, ((up, (-(up + mask.shape[0])) % factor), (left, (-(left + mask.shape[1])) % factor))
    )
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    return blocks.mean(axis=(1, 3)) >= 0.5, row // factor, column // factor
