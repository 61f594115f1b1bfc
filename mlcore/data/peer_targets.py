"""What peers on the same U-Net learn: rays to the edge (StarDist) and flows to the middle (Cellpose)."""

from functools import lru_cache

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import splu

from mlcore.nets.channels import N_RAYS


def stardist_maps(labels, distance):
    """The probability, which is the distance to the edge over its largest, and the rays in pixels.

    Parameters
    ----------
    labels : ndarray of int, shape (H, W)
    distance : ndarray of float32, shape (H, W)

    Returns
    -------
    ndarray of shape (1 + N_RAYS, H, W), float32

    References
    ----------
    U. Schmidt, M. Weigert, C. Broaddus, G. Myers, Cell Detection with Star-convex Polygons, MICCAI 2018.
    """
    return np.concatenate([distance[None], ray_lengths(labels)])


def flow_maps(labels):
    """Foreground, and the unit vector (x, y) along which each pixel moves to its particle's middle."""
    return np.concatenate([(labels > 0)[None].astype(np.float32), flows(labels)])


def ray_angles():
    """Of the rays, from x towards y (downwards), in radians."""
    return 2 * np.pi * np.arange(N_RAYS) / N_RAYS


def ray_lengths(labels):
    """How far each pixel of a particle is from the particle's edge, along each ray; 0 outside.

    A ray is a line of pixels. Sheared so that the line lies along a row, the next pixel of another label is
    found for all pixels at once, in both directions: an image's work for each pair of opposite rays.

    Parameters
    ----------
    labels : ndarray of int, shape (H, W)

    Returns
    -------
    ndarray of shape (N_RAYS, H, W), float32
        Pixels; the edge is half way between two labels, and at the frame's own edge.
    """
    lengths = np.zeros((N_RAYS, *labels.shape), np.float32)
    half = N_RAYS // 2
    for k, angle in enumerate(ray_angles()[:half]):
        x, y = np.cos(angle), np.sin(angle)
        is_steep = abs(y) > abs(x) + 1e-9
        if is_steep:
            forth, back = _runs(labels.T, x / y)
        else:
            forth, back = _runs(labels, y / x)
        step = np.float32(1 / max(abs(x), abs(y)))
        if (y if is_steep else x) < 0:
            forth, back = back, forth
        for which, run in ((k, forth), (k + half, back)):
            lengths[which] = (run.T if is_steep else run) * step
    return lengths


def _runs(labels, slope):
    """Steps, less a half, from each pixel to the next of another label along x + 1, y + slope; and back."""
    height, width = labels.shape
    rows, places = _shear(height, width, round(float(slope), 9))
    flat = np.pad(labels.astype(np.int32), ((1, 1), (0, 0)), constant_values=-1)
    # Sheared and with a column of nothing on either side, where every run ends.
    lines = np.full((rows.shape[0], width + 2), -1, np.int32)
    lines[:, 1:-1] = np.take_along_axis(flat, rows, axis=0)
    is_new = lines[:, 1:] != lines[:, :-1]
    column = np.arange(width + 1, dtype=np.int16)
    ends = np.where(is_new, column, np.int16(width))[:, ::-1]
    ends = np.minimum.accumulate(ends, axis=1)[:, ::-1]
    begins = np.maximum.accumulate(np.where(is_new, column, np.int16(0)), axis=1)
    inside = labels > 0
    forth = np.take_along_axis(ends[:, 1:] - column[:-1], places, axis=0)
    back = np.take_along_axis(column[1:] - begins[:, :-1], places, axis=0)
    return np.where(inside, forth - np.float32(0.5), 0), np.where(inside, back - np.float32(0.5), 0)


@lru_cache(maxsize=64)
def _shear(height, width, slope):
    """Rows of the padded image that lie on each sheared line, and on which line each pixel lies."""
    drop = np.rint(np.arange(width) * slope).astype(int)
    least, most = drop.min(), drop.max()
    lines = np.arange(-most, height - least)
    rows = np.clip(lines[:, None] + drop[None, :] + 1, 0, height + 1)
    places = np.arange(height)[:, None] - drop[None, :] + most
    return rows, places


def flows(labels):
    """Unit vectors (2, H, W), x then y, up the slope of heat; 0 outside.

    Heat is made in the pixel nearest to a particle's middle and lost at its edge, as in Cellpose, which
    lets it spread step by step; here the steady state is solved for, all particles at once. What the frame
    cuts loses no heat there.

    References
    ----------
    C. Stringer, T. Wang, M. Michaelos, M. Pachitariu, Cellpose, Nature Methods 18 (2021).
    """
    heat = _heat(labels)
    out = np.zeros((2, *labels.shape))  # heat falls by orders of magnitude along a tube
    inside = labels > 0
    # Outside of a particle's own pixels its heat is 0, also where the neighbour has some.
    for k, axis in ((0, 1), (1, 0)):
        ahead, behind = _neighbour(labels, heat, axis, 1), _neighbour(labels, heat, axis, -1)
        out[k] = np.where(inside, ahead - behind, 0)
    size = np.hypot(*out)
    return np.divide(out, size, out=np.zeros_like(out), where=size > 0).astype(np.float32)


def _neighbour(labels, heat, axis, step):
    """The heat of the pixel one step along an axis, 0 where that is another particle's; own at the frame."""
    moved, whose = np.roll(heat, -step, axis), np.roll(labels, -step, axis)
    out = np.where(whose == labels, moved, 0)
    rim = (slice(None), -1 if step > 0 else 0) if axis == 1 else (-1 if step > 0 else 0, slice(None))
    out[rim] = heat[rim]
    return out


def _heat(labels):
    heat = np.zeros(labels.shape)
    inside = labels > 0
    n = int(inside.sum())
    if not n:
        return heat
    number = np.full(labels.shape, -1)
    number[inside] = np.arange(n)
    ones, others = [], []
    for here, there in (((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
                        ((slice(None, -1), slice(None)), (slice(1, None), slice(None)))):  # fmt: skip
        same = inside[here] & (labels[here] == labels[there])
        ones.append(number[here][same])
        others.append(number[there][same])
    one, other = np.concatenate(ones), np.concatenate(others)
    loss = np.full(labels.shape, 4.0)
    loss[[0, -1]] -= 1
    loss[:, [0, -1]] -= 1
    # A particle without any other edge than the frame's would never lose its heat.
    loss += 1e-4
    links = coo_array((np.full(len(one), -1.0), (one, other)), shape=(n, n)).tocsc()
    matrix = (links + links.T + diags_array(loss[inside])).tocsc()
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    source = np.zeros(n)
    source[number[_middles(labels)]] = 1
    heat[inside] = factors.solve(source)
    return heat


def _middles(labels):
    """Rows and columns of each particle's own pixel nearest to the mean of its pixels."""
    wanted = np.unique(labels[labels > 0])
    means = np.zeros((2, wanted[-1] + 1))
    means[:, wanted] = np.transpose(ndimage.center_of_mass(labels > 0, labels, wanted))
    rows, columns = np.indices(labels.shape)
    far = np.hypot(rows - means[0][labels], columns - means[1][labels])
    return tuple(np.transpose(ndimage.minimum_position(far, labels, wanted)))
