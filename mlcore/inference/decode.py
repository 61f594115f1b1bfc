"""From the detector's maps to particles: cores, watershed, sub-pixel outlines."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.measure import find_contours
from skimage.segmentation import watershed

from mlcore.data.examples import KINDS

FOREGROUND = 0.5
CORE = 0.5  # of a particle's own largest distance to its edge: what lies deeper belongs to one alone
BORDER = 0.5
MIN_AREA_PX2 = 6.0
MIN_CORE_PX = 2


@dataclass(frozen=True)
class Instance:
    """A particle on the maps: outline (V, 2) in map pixels, its class, and what its maps say of it."""

    outline: np.ndarray
    label: str
    confidence: float


def instances(maps):
    """Particles of maps.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (H, W)
        Probabilities of foreground, border, centre, tube and aggregate; distance from 0 to 1.

    Returns
    -------
    list of Instance
        The surest first.
    """
    labels = split(maps)
    found = []
    for k, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is None:
            continue
        one = _instance(maps, labels, k, window)
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: -one.confidence)


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


def _instance(maps, labels, k, window):
    rows, columns = (slice(max(one.start - 2, 0), one.stop + 2) for one in window)
    mine = labels[rows, columns] == k
    n = int(mine.sum())
    if n < MIN_AREA_PX2:
        return None
    foreground = maps["foreground"][rows, columns]
    # The edge is where the probability passes one half; towards a neighbour it is where labels meet.
    level = np.where(mine, np.maximum(foreground, FOREGROUND + 1e-3), np.minimum(foreground, FOREGROUND))
    level[(labels[rows, columns] > 0) & ~mine] = 1 - FOREGROUND - 0.25
    lines = find_contours(np.pad(level, 1, constant_values=0), FOREGROUND)
    line = max(lines, key=len)
    outline = line[:-1, ::-1] - 0.5 + (columns.start, rows.start)
    outline = np.clip(outline, 0, maps["foreground"].shape[::-1])
    if len(outline) < 4:
        return None
    inside = {name: float(maps[name][rows, columns][mine].mean()) for name in ("tube", "aggregate")}
    kind = KINDS[2] if inside["aggregate"] > 0.5 else KINDS[1] if inside["tube"] > 0.5 else KINDS[0]
    sure = float(foreground[mine].mean())
    centre = float(maps["centre"][rows, columns][mine].max())
    return Instance(outline, kind, sure * (0.5 + 0.5 * centre))
