"""Candidate particles: connected regions above each of many levels, judged by their edge and their shape.

Whatever the level, a particle's region is bounded by an edge all around; noise and support are not. So no one
threshold has to fit the whole frame (J. Matas et al., Robust wide-baseline stereo from maximally stable
extremal regions, BMVC 2002; C. Arteta et al., Learning to detect cells using non-overlapping extremal
regions, MICCAI 2012).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mlcore.inference.masks import CROSS
from mlcore.inference.pyramid import local_noise

LOWEST = 0.75  # times the local lower quartile of |height|: a quarter of Gaussian noise's deviation
MIN_AREA_PX = 12  # on the searched scale
EDGE_SPREAD = 1.0  # an edge counts as its mean less this many standard deviations along the outline
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
    """Regions of one search: `quality` (K,), and of each its box (slice, slice) and pixels (flat indices)."""

    scale: Scale
    width: int  # of the searched image, what the indices refer to
    quality: np.ndarray
    boxes: list
    pixels: list

    def mask(self, k):
        """Rows and columns (slices on the searched scale) and the mask of candidate k inside them."""
        rows, columns = self.boxes[k]
        mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
        y, x = np.divmod(self.pixels[k], self.width)
        mask[y - rows.start, x - columns.start] = True
        return (rows, columns), mask

    def above(self, quality):
        """Those of at least this quality."""
        kept = np.flatnonzero(self.quality >= quality)
        return Candidates(
            self.scale, self.width, self.quality[kept],
            [self.boxes[k] for k in kept], [self.pixels[k] for k in kept],
        )  # fmt: skip


@dataclass(frozen=True)
class Relief:
    """A level for one search: its `height` over the background and its `edge`, both in units of noise."""

    scale: Scale
    height: np.ndarray
    edge: np.ndarray


def relief(level, scale):
    """What `candidates` looks at, for particles of either sign."""
    flat = level.smooth - background(level.image, scale.background_px)
    return Relief(scale, flat / local_noise(np.abs(flat), 1.0), level.edge)


def candidates(ground, sign, min_quality):
    """Regions brighter (sign 1) or darker (-1) than their surroundings.

    Parameters
    ----------
    ground : Relief
        The frame at this scale.
    sign : int
    min_quality : float
        Regions below it are not kept.

    Notes
    -----
    Quality = (mean - SD of |gradient| along the outline) / local median |gradient| * fill^3 * area^(1/4). The
    last factor makes it a significance: an outline's length grows with the root of the area, and its mean is
    as much surer as the root of its length.
    """
    scale = ground.scale
    quality, boxes, pixels = [np.zeros(0)], [], []
    max_area = np.pi / 4 * scale.max_diameter_px**2
    for level in range(scale.levels):
        least = LOWEST * scale.ratio**level
        above = ground.height > least if sign > 0 else ground.height < -least
        labels, count = ndimage.label(above, CROSS)
        if not count:
            break
        found = _measured(labels, count, above, ground.edge, max_area, min_quality)
        quality.append(found[0])
        boxes += found[1]
        pixels += found[2]
    return Candidates(scale, ground.height.shape[1], np.concatenate(quality), boxes, pixels)


def background(image, width_px):
    """The image without what is narrower than `width_px`: a Gaussian, on a coarser grid where it is wide."""
    step = min(max(1, int(width_px // 4)), min(image.shape))
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


def _measured(labels, count, above, edge, max_area, min_quality):
    """Quality, boxes and pixels of the regions of one level that may be particles."""
    where = np.flatnonzero(above)
    label = labels.ravel()[where]
    area = np.bincount(label, minlength=count + 1)
    fits = (area >= MIN_AREA_PX) & (area <= max_area)
    kept = fits[label]
    where, label = where[kept], label[kept]
    height, width = labels.shape
    y, x = np.divmod(where, width)
    # The image's own edge is no edge of a particle.
    is_rim = (y > 0) & (x > 0) & (y < height - 1) & (x < width - 1)
    at, flat = where[is_rim], above.ravel()
    is_rim[is_rim] = ~(flat[at - 1] & flat[at + 1] & flat[at - width] & flat[at + width])
    rim, of = edge.ravel()[where[is_rim]].astype(float), label[is_rim]
    length = np.maximum(np.bincount(of, minlength=count + 1), 1)
    mean = np.bincount(of, rim, minlength=count + 1) / length
    spread = np.sqrt(np.maximum(np.bincount(of, rim**2, minlength=count + 1) / length - mean**2, 0))
    bound = fits * (mean - EDGE_SPREAD * spread) * area**0.25
    # Few regions have such an edge; only of these the shape is looked at.
    kept = (bound >= min_quality)[label]
    where, label = where[kept], label[kept]
    if not len(where):
        return np.zeros(0), [], []
    order = np.argsort(label, kind="stable")
    where, label = where[order], label[order]
    starts = np.flatnonzero(np.diff(label, prepend=0))
    y, x = np.divmod(where, width)
    low_x, high_x = np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts) + 1
    low_y, high_y = y[starts], np.maximum.reduceat(y, starts) + 1
    fill = _fill(x, y, starts, _mirror(low_x, high_x, width), _mirror(low_y, high_y, height))
    quality = bound[label[starts]] * fill**SHAPE_POWER
    pixels = np.split(where, starts[1:])
    good = np.flatnonzero(quality >= min_quality)
    boxes = [(slice(low_y[k], high_y[k]), slice(low_x[k], high_x[k])) for k in good]
    return quality[good], boxes, [pixels[k] for k in good]


def _mirror(low, high, size):
    """Where a region cut by one edge of the image is mirrored, NaN for all others."""
    cut_low, cut_high = low == 0, high == size
    return np.where(cut_low & ~cut_high, -0.5, np.where(cut_high & ~cut_low, size - 0.5, np.nan))


def _fill(x, y, starts, mirror_x, mirror_y):
    """Area of each region over that of the ellipse of equal second moments: 1 for any ellipse.

    A region cut by the image's edge is judged together with its mirror image, as if the edge ran through the
    particle's middle: half a disc is as good a shape as a whole one.
    """
    area = np.diff(np.append(starts, len(x)))

    def mean(values):
        return np.add.reduceat(values.astype(float), starts) / area

    center_x, center_y = mean(x), mean(y)
    in_x, in_y = np.isfinite(mirror_x), np.isfinite(mirror_y)
    xy = np.where(in_x | in_y, 0, mean(x * y) - center_x * center_y)
    xx = mean(x * x) - center_x**2 + np.where(in_x, center_x - mirror_x, 0) ** 2 + 1 / 12
    yy = mean(y * y) - center_y**2 + np.where(in_y, center_y - mirror_y, 0) ** 2 + 1 / 12
    copies = (1 + in_x) * (1.0 + in_y)
    ellipse = 4 * np.pi * np.sqrt(np.maximum(xx * yy - xy**2, 1e-12))
    return np.minimum(area * copies / ellipse, 1)
