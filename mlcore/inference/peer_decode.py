"""From a peer's maps to label maps and outlines: as its authors do it, in NumPy."""

import numpy as np
from scipy import ndimage

from annotations.outline import polygon_area
from annotations.raster import inside
from mlcore.data.peer_targets import flows, ray_angles

PROBABILITY = 0.1  # of a centre of a star; what more is worth is fitted, as StarDist fits its threshold
SHARED = 0.4  # StarDist's nms_thresh: of the smaller one's area
PEAK_PX = 3
FOREGROUND = 0.5
EULER_STEPS = 120  # Cellpose takes about as many as its diameter; particles are 24 px wide in the middle
SINK_PIXELS = 6.0  # that must flow to one place, smoothed, to make it a sink
FLOW_ERROR = 0.4  # Cellpose's flow_threshold
MIN_AREA_PX2 = 6


def stars(probability, rays, *, least=PROBABILITY):
    """Star-convex outlines, the likeliest first, none that shares more than SHARED with one before it.

    Parameters
    ----------
    probability : ndarray of shape (H, W)
    rays : ndarray of shape (R, H, W)
        Pixels to the edge, by `ray_angles`.

    Returns
    -------
    list of (outline (R, 2), probability)

    Notes
    -----
    Candidates are the pixels likelier than the 3 x 3 around them; StarDist takes every pixel, and suppresses
    nearly all but these.
    """
    peaks = (probability >= ndimage.maximum_filter(probability, PEAK_PX)) & (probability > least)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-probability[rows, columns], kind="stable")
    angles = ray_angles()
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    taken = np.full(probability.shape, -1)  # whose pixel it is first
    areas, found = [], []
    for row, column in zip(rows[order], columns[order], strict=True):
        lengths = np.maximum(rays[:, row, column], 0)
        outline = (column + 0.5, row + 0.5) + lengths[:, None] * around
        height, width = probability.shape
        outline = np.clip(outline, 0, (width, height))
        area = polygon_area(outline)
        if area < MIN_AREA_PX2:
            continue
        own = inside(outline, probability.shape)
        owners = taken[own]
        shared = np.bincount(owners[owners >= 0], minlength=len(areas))
        if len(areas) and (shared > SHARED * np.minimum(areas, area)).any():
            continue
        taken[own] = np.where(owners < 0, len(areas), owners)
        areas.append(area)
        found.append((outline, float(probability[row, column])))
    return found


def flow_labels(foreground, flow):
    """Labels (H, W): pixels whose flow ends at one place are one particle.

    Parameters
    ----------
    foreground : ndarray of shape (H, W)
        Probability.
    flow : ndarray of shape (2, H, W)
        Along x and y, of about unit length.

    Notes
    -----
    Euler steps of one pixel at most along the interpolated field; where many end, neighbouring ends are one
    sink. As in Cellpose, a region whose own flow differs from the one given by 0.4 on average is dropped.
    """
    rows, columns = np.nonzero(foreground > FOREGROUND)
    labels = np.zeros(foreground.shape, np.int32)
    if not len(rows):
        return labels
    size = np.maximum(np.hypot(*flow), 1.0)
    flow = (flow / size).astype(np.float32)
    at = np.stack([rows, columns]).astype(np.float32)
    limit = np.array(foreground.shape, np.float32)[:, None] - 1
    for _ in range(EULER_STEPS):
        step = [ndimage.map_coordinates(one, at, order=1, mode="nearest") for one in (flow[1], flow[0])]
        at = np.clip(at + np.stack(step), 0, limit)
    ends = np.rint(at).astype(int)
    count = np.zeros(foreground.shape, np.float32)
    np.add.at(count, tuple(ends), 1)
    # A 3 x 3 sum: the ends of one particle scatter by a pixel around its sink.
    near = ndimage.uniform_filter(count, 3) * 9
    sinks, n = ndimage.label((near >= SINK_PIXELS) & (count > 0), np.ones((3, 3)))
    # Ends beside a sink belong to the nearest one within two pixels.
    far, places = ndimage.distance_transform_edt(sinks == 0, return_indices=True)
    nearest = np.where(far <= 2, sinks[tuple(places)], 0)
    labels[rows, columns] = nearest[tuple(ends)]
    return _coherent(labels, flow, n)


def _coherent(labels, flow, n):
    if not n:
        return labels
    error = np.square(flows(labels) - flow).mean(0)
    mean = ndimage.mean(error, labels, np.arange(n + 1))
    area = np.bincount(labels.ravel(), minlength=n + 1)
    keep = (mean < FLOW_ERROR) & (area >= MIN_AREA_PX2)
    keep[0] = False
    return np.where(keep[labels], labels, 0)
