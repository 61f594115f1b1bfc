"""From the detector's maps to particles: cores, watershed, sub-pixel outlines."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage
from skimage.measure import find_contours
from skimage.segmentation import watershed

from annotations.outline import polygon_area
from mlcore.data.examples import KINDS

FOREGROUND = 0.5
CORE = 0.5  # of a particle's own largest distance to its edge: what lies deeper belongs to one alone
BORDER = 0.5
MIN_AREA_PX2 = 12.0
MIN_CORE_PX = 2


@dataclass(frozen=True)
class Instance:
    """A particle on the maps: outline (V, 2) in map pixels, its class, and what its maps say of it."""

    outline: np.ndarray
    label: str
    confidence: float

    @property
    def ecd_px(self):
        return float(2 * np.sqrt(polygon_area(self.outline) / np.pi))

    @property
    def box(self):
        """x, y, width, height of its bounding box."""
        return np.array([*self.outline.min(0), *np.ptp(self.outline, axis=0)])


@dataclass
class Region:
    """As an Instance, of labelled pixels; its outline, the dearest of it, is made when it is asked for."""

    maps: dict
    labels: np.ndarray
    k: int
    window: tuple
    label: str
    confidence: float
    ecd_px: float

    @property
    def box(self):
        rows, columns = self.window
        return np.array(
            [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start], float
        )

    @cached_property
    def outline(self):
        return _outline(self.maps["foreground"], self.labels, self.k, self.window)


def instances(maps):
    """Particles of maps.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (H, W)
        Probabilities of foreground, border, centre, tube and aggregate; distance from 0 to 1.

    Returns
    -------
    list of Region
        The surest first.
    """
    labels = split(maps)
    windows = ndimage.find_objects(labels)
    n = len(windows)
    area = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    inside = labels > 0
    mine = labels[inside]

    def mean(name):
        return np.bincount(mine, maps[name][inside], minlength=n + 1)[1:] / np.maximum(area, 1)

    sure, tube, aggregate = (mean(name) for name in ("foreground", "tube", "aggregate"))
    peak = np.zeros(n + 1, np.float32)
    np.maximum.at(peak, mine, maps["centre"][inside])
    confidence = sure * (0.5 + 0.5 * peak[1:])
    ecd = 2 * np.sqrt(area / np.pi)
    found = []
    for k in np.argsort(-confidence, kind="stable").tolist():
        if windows[k] is None or area[k] < MIN_AREA_PX2:
            continue
        kind = KINDS[2] if aggregate[k] > 0.5 else KINDS[1] if tube[k] > 0.5 else KINDS[0]
        found.append(Region(maps, labels, k + 1, windows[k], kind, float(confidence[k]), float(ecd[k])))
    return found


def split(maps):
    """Labels (H, W) of particles: watershed of the distance from cores, in the foreground.

    The distance is relative to each particle's own, so that one level finds the cores of all sizes.
    """
    mask = maps["foreground"] > FOREGROUND
    cores = mask & (maps["distance"] > CORE) & (maps["border"] < BORDER)
    markers, n = ndimage.label(cores)
    small = np.bincount(markers.ravel(), minlength=n + 1) < MIN_CORE_PX
    small[0] = False
    markers[small[markers]] = 0
    regions, n_regions = ndimage.label(mask, np.ones((3, 3)))
    has_core = np.zeros(n_regions + 1, bool)
    has_core[np.unique(regions[markers > 0])] = True
    # Faint ones have no core: all of a region is its own. A fractal aggregate has many: they are one.
    is_aggregate = ndimage.mean(maps["aggregate"], regions, np.arange(n_regions + 1)) > 0.5
    whole = ~has_core | is_aggregate
    whole[0] = False
    markers = np.where(whole[regions], regions + n, markers)
    return watershed(-maps["distance"], markers, mask=mask)


def _outline(foreground, labels, k, window):
    """Outline (V, 2) of one label, on the maps' grid."""
    rows, columns = (slice(max(one.start - 2, 0), one.stop + 2) for one in window)
    mine = labels[rows, columns] == k
    near = foreground[rows, columns]
    # The edge is where the probability passes one half; towards a neighbour it is where labels meet.
    level = np.where(mine, np.maximum(near, FOREGROUND + 1e-3), np.minimum(near, FOREGROUND))
    level[(labels[rows, columns] > 0) & ~mine] = 1 - FOREGROUND - 0.25
    lines = find_contours(np.pad(level, 1, constant_values=0), FOREGROUND)
    line = max(lines, key=len)
    outline = line[:-1, ::-1] - 0.5 + (columns.start, rows.start)
    return np.clip(outline, 0, foreground.shape[::-1])
