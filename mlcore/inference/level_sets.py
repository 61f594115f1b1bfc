"""Candidate particles: connected regions above each of many levels, judged by their edge and their shape.

Whatever the level, a particle's region is bounded by an edge all around; noise and support are not. So no one
threshold has to fit the whole frame (J. Matas et al., Robust wide-baseline stereo from maximally stable
extremal regions, BMVC 2002; C. Arteta et al., Learning to detect cells using non-overlapping extremal
regions, MICCAI 2012).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

BLUR_PX = 1.0
LOWEST = 0.75  # times the local lower quartile of |height|: a quarter of Gaussian noise's deviation
MIN_AREA_PX = 12  # on the searched scale
# The local noise is a lower quartile, not a median: in a dense layer the median pixel is a particle's.
NOISE_PERCENT = 25
EDGE_NOISE = 1.55  # from lower quartile to median of a gradient's length in Gaussian noise (Rayleigh)
NOISE_WINDOW = 7  # samples, one every 8 px: the noise is that of 56 x 56 px
EDGE_SPREAD = 1.0  # an edge counts as its mean less this many standard deviations along the outline
COARSE_GAIN = 1.0  # a halving
SHAPE_POWER = 3.0  # how hard a region is punished that fills its moment ellipse badly


@dataclass(frozen=True)
class Scale:
    """One search: the image halved `halvings` times, its background, and the largest particle sought."""

    halvings: int
    background_px: float
    max_diameter_px: float
    ratio: float = 1.35
    levels: int = 12

    @property
    def px(self):
        return 2**self.halvings


@dataclass(frozen=True)
class Candidates:
    """Regions of one search; all arrays (K,). `regions[level]` is the label map that `label` refers to."""

    scale: Scale
    quality: np.ndarray
    area: np.ndarray
    fill: np.ndarray  # area / area of the ellipse of equal second moments: 1 for any ellipse
    level: np.ndarray
    label: np.ndarray
    boxes: list  # (slice, slice) of each
    regions: list

    def mask(self, k):
        """Rows and columns (slices on the searched scale) and the mask of candidate k inside them."""
        box = self.boxes[k]
        return box, self.regions[self.level[k]][box] == self.label[k]


def candidates(image, scale, sign, min_quality):
    """Regions brighter (sign 1) or darker (-1) than their surroundings.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W)
        The frame at this scale.
    sign : int
    min_quality : float
        Regions below it are not kept.

    Notes
    -----
    Quality = (mean - SD of |gradient| along the outline) / local median |gradient| * fill^3 * area^(1/4). The
    last factor makes it a significance: an outline's length grows with the root of the area, and its mean is
    as much surer as the root of its length. A coarse scale has fewer places for chance: `COARSE_GAIN`.
    """
    smooth = ndimage.gaussian_filter(image, BLUR_PX)
    flat = sign * (smooth - background(image, scale.background_px))
    gradient = np.hypot(ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 0)) / 8
    height = flat / _local_noise(np.abs(flat), 1.0)
    edge = gradient / _local_noise(gradient, EDGE_NOISE)
    found, regions = [], []
    max_area = np.pi / 4 * scale.max_diameter_px**2
    for level in range(scale.levels):
        above = height > LOWEST * scale.ratio**level
        labels, count = ndimage.label(above)
        if not count:
            break
        regions.append(labels)
        found.append(
            _measured(labels, count, above, edge, max_area, min_quality, level, COARSE_GAIN**scale.halvings)
        )
    if not found:
        return Candidates(scale, *[np.zeros(0)] * 3, *[np.zeros(0, dtype=int)] * 2, [], [])
    quality, area, fill, levels, label = (np.concatenate(column) for column in zip(*found, strict=True))
    boxes = [ndimage.find_objects(one) for one in regions]
    level, label = levels.astype(int), label.astype(int)
    chosen = [boxes[i][k - 1] for i, k in zip(level, label, strict=True)]
    return Candidates(scale, quality, area, fill, level, label, chosen, regions)


def background(image, width_px):
    """The image without what is narrower than `width_px`: a Gaussian, on a coarser grid where it is wide."""
    step = max(1, int(width_px // 4))
    if step == 1:
        return ndimage.gaussian_filter(image, width_px)
    rows, columns = image.shape
    coarse = ndimage.uniform_filter(image, step)[step // 2 :: step, step // 2 :: step]
    coarse = ndimage.gaussian_filter(coarse, width_px / step)
    at_rows = np.clip((np.arange(rows) - step // 2) / step, 0, coarse.shape[0] - 1)
    at_columns = np.clip((np.arange(columns) - step // 2) / step, 0, coarse.shape[1] - 1)
    return _interpolated(_interpolated(coarse, at_rows).T, at_columns).T


def _interpolated(values, at):
    """Rows of `values` at fractional positions, linear."""
    low = np.minimum(at.astype(int), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    share = (at - low).astype(np.float32)[:, None]
    return values[low] * (1 - share) + values[high] * share


def _local_noise(values, factor):
    """Lower quartile of `values` around each pixel, not less than the frame's: vacuum has no noise."""
    step = next((step for step in (8, 4) if min(values.shape) >= 8 * step), 1)
    sampled = values[step // 2 :: step, step // 2 :: step]
    local = ndimage.gaussian_filter(
        ndimage.percentile_filter(sampled, NOISE_PERCENT, size=NOISE_WINDOW, mode="nearest"), 2
    )
    local = np.maximum(local, np.percentile(sampled, NOISE_PERCENT))
    spread = np.repeat(np.repeat(local, step, axis=0), step, axis=1)
    missing = [(0, max(0, size - have)) for size, have in zip(values.shape, spread.shape, strict=True)]
    spread = np.pad(spread, missing, mode="edge")[: values.shape[0], : values.shape[1]]
    return factor * spread + np.float32(1e-6)


def _measured(labels, count, above, edge, max_area, min_quality, level, gain):
    """Columns (quality, area, fill, level, label) of the regions of one level that may be particles."""
    where = np.flatnonzero(above)
    label = labels.ravel()[where]
    area = np.bincount(label, minlength=count + 1).astype(float)
    size_fits = (area >= MIN_AREA_PX) & (area <= max_area)
    size_fits[0] = False
    kept = size_fits[label]
    where, label = where[kept], label[kept]

    def total(weights, of=label):
        return np.bincount(of, weights, minlength=count + 1)

    inner = np.zeros_like(above)
    inner[1:-1, 1:-1] = (
        above[1:-1, 1:-1] & above[:-2, 1:-1] & above[2:, 1:-1] & above[1:-1, :-2] & above[1:-1, 2:]
    )
    rim = ~inner.ravel()[where]
    y, x = np.divmod(where, labels.shape[1])
    # The image's own edge is no edge of a particle.
    rim &= (y > 0) & (x > 0) & (y < labels.shape[0] - 1) & (x < labels.shape[1] - 1)
    rim_label, rim_edge = label[rim], edge.ravel()[where[rim]].astype(float)
    length = np.maximum(np.bincount(rim_label, minlength=count + 1), 1)
    mean = total(rim_edge, rim_label) / length
    spread = np.sqrt(np.maximum(total(rim_edge**2, rim_label) / length - mean**2, 0))
    safe = np.maximum(area, 1)
    x, y = x.astype(float), y.astype(float)
    mean_x, mean_y = total(x) / safe, total(y) / safe
    xx = total(x * x) / safe - mean_x**2 + 1 / 12
    yy = total(y * y) / safe - mean_y**2 + 1 / 12
    xy = total(x * y) / safe - mean_x * mean_y
    fill = np.minimum(area / (4 * np.pi * np.sqrt(np.maximum(xx * yy - xy**2, 1e-12))), 1)
    quality = (mean - EDGE_SPREAD * spread) * fill**SHAPE_POWER * area**0.25 * gain
    good = np.flatnonzero(size_fits & (quality >= min_quality))
    return quality[good], area[good], fill[good], np.full(len(good), level), good
