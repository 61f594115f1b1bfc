"""Sub-pixel outlines of chosen regions, at the half level of each particle's own edge."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from annotations.outline import field_outline, undo_blur
from mlcore.inference.level_sets import MIN_AREA_PX
from mlcore.inference.masks import CROSS, eroded, filled, median
from mlcore.inference.preparation import MIN_SIDE_PX
from mlcore.inference.pyramid import BLUR_PX
from mlcore.inference.selection import moved, parted

FINE_DIAMETER_PX = 36  # a particle is refined on the coarsest image on which it is at least half as wide
REACH_PX = 2  # how far an outline may move from the region found
MAX_NOISE = 0.12  # of the contrast: more is smoothed away before an outline is taken
MAX_PASSES = 4  # a region found too large lowers the level inside it, and with it the half level
SETTLED = 0.05  # of the area
THIN_NECK = 0.5  # of the smaller part's width: what a coarse scale cannot show; noise makes wider ones
LEAST_PART = 0.1  # of a region's area: less is a bump of its outline and no particle
CORE_CONTRAST = 3.0  # times a region's own: what stands out so far more is the particle


@dataclass(frozen=True)
class Refined:
    """An outline (V, 2) in the frame's pixels, its contrast, the noise around it and the pixels inside."""

    outline: np.ndarray
    contrast: float
    noise: float
    region: np.ndarray
    outside: float = 0.0  # the level around it
    sign: int = 1  # -1 where it is darker than that


def refine(chosen, levels):
    """Sub-pixel outlines of chosen regions and how they stand out.

    Parameters
    ----------
    chosen : list of (quality, mask, row, column, px)
        As from `select`.
    levels : list of Level
        The frame, 0 to 1, and its halvings.

    Returns
    -------
    list of (quality, Refined)
        One for each chosen region, or for each of its parts where a neck shows that was too thin for the
        scale on which it was found; none where nothing is left of it.
    """
    owners, placed = {}, []
    usable = [i for i, level in enumerate(levels) if min(level.image.shape) >= MIN_SIDE_PX]
    for number, (_, mask, row, column, px) in enumerate(chosen, start=1):
        halvings = _halvings(mask.sum() * px * px, usable)
        mask, row, column = moved(mask, row, column, px, 2**halvings)
        image = levels[halvings].smooth
        owner = owners.setdefault(halvings, np.zeros(image.shape, dtype=np.int32))
        box = owner[row : row + mask.shape[0], column : column + mask.shape[1]]
        mask = mask[: box.shape[0], : box.shape[1]]
        box[mask & (box == 0)] = number
        placed.append((halvings, row, column, mask.shape))
    refined = []
    numbers = len(placed)
    for number, ((quality, *_), (halvings, row, column, size)) in enumerate(
        zip(chosen, placed, strict=True), start=1
    ):
        margin = 3 * REACH_PX + 1
        top, left = max(0, row - margin), max(0, column - margin)
        crop = np.s_[top : row + size[0] + margin, left : column + size[1] + margin]
        image, owner = levels[halvings].smooth[crop], owners[halvings][crop]
        one = _refined(image, owner, number)
        ones = [one]
        parts = _parts(one.region) if one is not None else []
        if not parts and one is not None:
            parts = _cores(image, one)
        if parts:
            owner[owner == number] = 0
            for k, part in enumerate(parts, start=1):
                owner[part & (owner == 0)] = numbers + k
            ones = [_refined(image, owner, numbers + k) for k in range(1, len(parts) + 1)]
            numbers += len(parts)
        for one in ones:
            if one is not None:
                one.outline[:] = (one.outline + [left, top]) * 2**halvings
                refined.append((quality, one))
    return refined


def _cores(image, one):
    """What in a region stands out far more than the region does, as masks; a halo or a lump holds them.

    A particle's edge is at half its own height. Where a few pixels rise many times higher than most of the
    region, the region is what lies around or below a particle: its tails, or the support it sits on.
    """
    height = (image - one.outside) * one.sign
    inside = height[one.region]
    if len(inside) <= MIN_AREA_PX:
        return []
    top = np.partition(inside, -MIN_AREA_PX)[-MIN_AREA_PX]
    if top < CORE_CONTRAST * one.contrast:
        return []
    labels, count = ndimage.label(one.region & (height > top / 2), CROSS)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    return [labels == k for k in range(1, count + 1) if areas[k] >= MIN_AREA_PX]


def _parts(region):
    """The region's parts as masks of its own shape, where it has necks between parts of some size."""
    found = parted(region, THIN_NECK)
    if len(found) < 2 or min(part.sum() for part, _ in found) < LEAST_PART * region.sum():
        return []
    whole = []
    for part, (row, column) in found:
        mask = np.zeros_like(region)
        mask[row : row + part.shape[0], column : column + part.shape[1]] = part
        whole.append(mask)
    return whole


def _refined(image, owner, number):
    mask = owner == number
    area = np.count_nonzero(mask)
    if not area:
        return None
    free = (owner == 0) | mask
    distance = ndimage.distance_transform_edt(~mask)
    near = (distance <= REACH_PX) & free
    around = (distance > REACH_PX) & (distance <= 3 * REACH_PX) & free
    around = around if around.any() else ~mask
    if not around.any():
        return None
    outside = median(image[around])
    contrast = abs(_inside(image, mask) - outside)
    if not contrast:
        return None
    sign = 1 if _inside(image, mask) > outside else -1
    noise = 1.4826 * median(np.abs(image[around] - outside))
    # White noise falls as one over the blur's width; a particle bears an eighth of its diameter.
    blur_px = min(BLUR_PX * noise / contrast / MAX_NOISE, np.sqrt(area * 4 / np.pi) / 8)
    if blur_px > BLUR_PX:
        image = ndimage.gaussian_filter(image, np.sqrt(blur_px**2 - BLUR_PX**2))
        outside = median(image[around])
    region = mask
    for _ in range(MAX_PASSES):
        inside = _inside(image, region)
        field = (image - (inside + outside) / 2) * np.sign(inside - outside)
        before = np.count_nonzero(region)
        region = _overlapping((field > 0) & near, mask)
        if region is None:
            return None
        if abs(np.count_nonzero(region) - before) <= SETTLED * before:
            break
    region = filled(region)
    outline = field_outline(field, region)
    if outline is None:
        return None
    return Refined(undo_blur(outline, max(blur_px, BLUR_PX)), contrast, noise, region, outside, sign)


def _inside(image, mask):
    """The level inside a region, without its blurred rim where it is large enough."""
    core = eroded(mask)
    return median(image[core if np.count_nonzero(core) >= 5 else mask])


def _overlapping(regions, mask):
    """The one of connected regions that most of the mask lies in, or None."""
    labels, count = ndimage.label(regions, CROSS)
    overlap = np.bincount(labels[mask], minlength=count + 1)[1:]
    return labels == overlap.argmax() + 1 if overlap.any() else None


def _halvings(area_px2, usable):
    diameter = 2 * np.sqrt(area_px2 / np.pi)
    wanted = max(0, int(np.ceil(np.log2(max(diameter / FINE_DIAMETER_PX, 1)))))
    return min(usable, key=lambda i: abs(i - wanted))
