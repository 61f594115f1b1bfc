"""One particle a crop, as FeatureNet sees it: cut from a canonical frame and the detector's maps.

Every crop is scaled so that its particle spans half of it: a network then meets one size of particle whatever
the frame's sampling, and only the ratio to the outline's own measure has to be learnt.
"""

import numpy as np
from PIL import Image

from annotations.shape import equivalent_circular_diameter, polygon_moments

SIDE_PX = 64
SPAN_PX = 32  # of the particle's box in the crop, its longer side
CHANNELS = ("image", "foreground", "distance", "own")
KINDS = 3  # nanoparticle, carbon nanotube, polymer aggregate, as in mlcore/data/examples.py
TARGETS = ("log_ecd", "log_aspect_ratio", "roundness")
# Residuals to the outline's own measures are some percent: networks answer in units of this.
UNIT = 0.05
LEAST_SPREAD = 0.1  # of a crop's grey levels; below it there is only noise to be blown up
SCAN_LINES = 2  # a pixel row, of the own outline's coverage
USUAL_ECD_PX = 24.0


def boxes(outlines):
    """Centres (N, 2), x and y, and longer sides (N,) of the outlines' bounding boxes, px of the maps."""
    low = np.array([outline.min(0) for outline in outlines]).reshape(-1, 2)
    high = np.array([outline.max(0) for outline in outlines]).reshape(-1, 2)
    return (low + high) / 2, (high - low).max(1, initial=0.5)


def diameters(outlines):
    """Equivalent circular diameters (N,) of outlines, px of the maps."""
    return equivalent_circular_diameter(polygon_moments(outlines)[0])


def cut(frame, maps, outlines, shift=None, stretch=None):
    """Crops of outlines.

    Parameters
    ----------
    frame : ndarray of shape (H, W), float32
        Canonical frame, normalised.
    maps : dict of str to ndarray of shape (H, W), float32
        Probability of foreground and distance, 0 to 1.
    outlines : sequence of ndarray of shape (V, 2)
        x and y in pixels of the frame.
    shift, stretch : ndarray of shape (N, 2) and (N,), optional
        Of the boxes, by shares of their longer side, and by a factor: what training does to them.

    Returns
    -------
    ndarray of shape (N, 4, 64, 64), float32
        By CHANNELS. Grey levels are standardised crop by crop, since a particle's size does not depend on how
        bright it or its surroundings are. `own` is the share of each pixel within the outline, which tells it
        from neighbours that touch, times 1 + log2(ECD / 24 px) / 4 (0.25 to 1.75): pixels of the maps are as
        blurred for a small particle as for a large one, and the crop alone does not show their size.

    Notes
    -----
    Beyond the frame's edge it is mirrored; `own` is not, so that a cut particle can be told.
    """
    crops = np.empty((len(outlines), len(CHANNELS), SIDE_PX, SIDE_PX), np.float32)
    if not len(outlines):
        return crops
    centers, sides = boxes(outlines)
    if shift is not None:
        centers = centers + shift * sides[:, None]
    if stretch is not None:
        sides = sides * stretch
    extents = sides * (SIDE_PX / SPAN_PX)
    corners = centers - extents[:, None] / 2
    for channel, plane in enumerate((frame, maps["foreground"], maps["distance"])):
        _resample(np.asarray(plane, np.float32), corners, extents, crops[:, channel])
    image = crops[:, 0]
    image -= image.mean((1, 2), keepdims=True)
    image /= np.maximum(image.std((1, 2), keepdims=True), LEAST_SPREAD)
    scaled = [
        (outline - corner) * (SIDE_PX / extent)
        for outline, corner, extent in zip(outlines, corners, extents, strict=True)
    ]
    crops[:, 3] = coverage(scaled, SIDE_PX)
    size = np.clip(1 + np.log2(np.maximum(diameters(outlines), 1e-3) / USUAL_ECD_PX) / 4, 0.25, 1.75)
    crops[:, 3] *= size[:, None, None].astype(np.float32)
    return crops


def coverage(outlines, side):
    """The share of each pixel that each polygon covers, (N, side, side) float32.

    Exact along x, by scan lines along y; what lies beside the grid is left out. All outlines at once: an edge
    that goes down adds, and one that goes up takes away, all that lies to the right of it.
    """
    counts = np.array([len(outline) for outline in outlines])
    start = np.concatenate(outlines)
    following = np.arange(len(start)) + 1
    following[np.cumsum(counts) - 1] = np.cumsum(counts) - counts
    end = start[following]
    owner = np.repeat(np.arange(len(outlines)), counts)
    lines = side * SCAN_LINES
    y0, y1 = start[:, 1] * SCAN_LINES, end[:, 1] * SCAN_LINES
    first = np.clip(np.ceil(np.minimum(y0, y1) - 0.5), 0, lines).astype(int)
    last = np.clip(np.ceil(np.maximum(y0, y1) - 0.5), 0, lines).astype(int)
    crossings = last - first
    edge = np.repeat(np.arange(len(start)), crossings)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(crossings) - crossings, crossings) + first[edge]
    along = (line + 0.5 - y0[edge]) / (y1[edge] - y0[edge])
    x = np.clip(start[edge, 0] + along * (end[edge, 0] - start[edge, 0]), 0, side)
    sign = np.where(y1[edge] > y0[edge], 1.0, -1.0) / SCAN_LINES
    column = np.minimum(x.astype(int), side - 1)
    part = x - column
    # One column more than there are takes what lies beyond the right edge.
    place = (owner[edge] * side + line // SCAN_LINES) * (side + 1) + column
    size = len(outlines) * side * (side + 1)
    steps = np.bincount(place, sign * (1 - part), size) + np.bincount(place + 1, sign * part, size)
    covered = np.cumsum(steps.reshape(len(outlines), side, side + 1)[..., :-1], axis=2, dtype=np.float32)
    return np.abs(covered, out=covered)


def _resample(plane, corners, extents, out):
    """Squares of a plane (H, W) into `out` (N, SIDE_PX, SIDE_PX), averaged where they shrink."""
    height, width = plane.shape
    whole = Image.fromarray(np.ascontiguousarray(plane))
    size = (SIDE_PX, SIDE_PX)
    is_within = (corners >= 0).all(1) & (corners + extents[:, None] <= (width, height)).all(1)
    for k, ((x, y), extent) in enumerate(zip(corners.tolist(), extents.tolist(), strict=True)):
        image = whole
        if not is_within[k]:
            # As far as an averaging kernel reaches.
            reach = int(np.ceil(extent / SIDE_PX)) + 1
            first_x, first_y = int(np.floor(x)) - reach, int(np.floor(y)) - reach
            length = int(np.ceil(extent)) + 2 * reach + 1
            rows, columns = _mirrored(first_y, length, height), _mirrored(first_x, length, width)
            image, x, y = Image.fromarray(plane[np.ix_(rows, columns)]), x - first_x, y - first_y
        box = (x, y, min(x + extent, image.width), min(y + extent, image.height))
        out[k] = image.resize(size, Image.Resampling.BILINEAR, box=box)


def _mirrored(first, length, side):
    """Indices first … first + length - 1 of an axis that is mirrored at its ends, as often as need be."""
    index = np.arange(first, first + length) % (2 * side)
    return np.where(index < side, index, 2 * side - 1 - index)
