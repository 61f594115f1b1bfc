"""Size and shape of outlines; the one place where pixels become nanometres (docs/measurements.md).

An outline is a closed polygon, (V, 2) of x (right) and y (down) in pixels, (0, 0) the outer corner of the
top-left pixel. Everything is computed from the polygon itself, never from a mask: a Feret diameter from pixel
corners is a pixel too long, and a perfect disc of 5 px scores a circularity of 1.3 on a mask.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used: a web process starts without

MIN_SHAPE_ECD_PX = 5.0  # below it aspect ratio, roundness and solidity say more of the pixels than of it
MIN_CIRCULARITY_ECD_PX = 10.0  # the perimeter needs more: pixel noise lengthens it
BORDER_PX = 0.5  # an outline nearer than this to the frame's edge is taken as cut by it


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the columns of a Particle hold, under the same names; None where it may not be given."""

    touches_border: bool
    area_px2: float
    ecd_px: float
    feret_min_px: float
    feret_max_px: float
    aspect_ratio: float | None
    roundness: float | None
    circularity: float | None
    solidity: float | None
    area_nm2: float | None = None
    ecd_nm: float | None = None
    feret_min_nm: float | None = None
    feret_max_nm: float | None = None


def measure(outline_xy, frame_size=None, pixel_size_nm=None):
    """Measure one outline; see `measure_many`."""
    return measure_many([outline_xy], frame_size, pixel_size_nm)[0]


def measure_many(outlines, frame_size=None, pixel_size_nm=None):
    """Size and shape of K outlines.

    Parameters
    ----------
    outlines : sequence of array_like, each of shape (V, 2)
        Polygons in pixels, x then y, at least three vertices each; not closed, either sense of rotation.
    frame_size : tuple of float, optional
        Width and height of the frame in pixels; without it nothing touches a border.
    pixel_size_nm : float or tuple of float, optional
        nm per pixel, or those of x and y. Outlines are scaled first, so shape descriptors are those of the
        specimen also where the two differ. Without it every nm value is None.

    Returns
    -------
    list of Measured

    Raises
    ------
    ValueError
        If an outline has fewer than three vertices, a coordinate that is no number, or no area; or the pixel
        size is not positive.

    Notes
    -----
    ECD = 2 sqrt(A/pi) [1]_. Aspect ratio = sqrt(l1/l2) of the eigenvalues of the central second moments of
    the area, which is major/minor of the ellipse with equal moments, >= 1; the moments are exact sums over
    the polygon's edges [2]_. Roundness = 4A/(pi Feret_max^2), circularity = 4 pi A/P^2, solidity =
    A/A_hull [3]_. Nothing is clipped: a value above 1 tells of a bad outline.

    References
    ----------
    .. [1] H. Heywood, Proc. Inst. Mech. Eng. 125 (1933) 383; ISO 9276-6:2008.
    .. [2] C. Steger, On the calculation of arbitrary moments of polygons, TU München, FGBV-96-05 (1996).
    .. [3] ISO 9276-6:2008; J. C. Russ, The Image Processing Handbook, ch. "Feature-specific measurements".
    """
    outlines = [_checked(outline) for outline in outlines]
    if not outlines:
        return []
    scale = _scale(pixel_size_nm)
    in_px = _descriptors(outlines)
    in_nm = None if scale is None else _scaled(outlines, in_px, scale)
    shape = in_px if in_nm is None else in_nm
    measured = []
    for k, outline in enumerate(outlines):
        ecd_px = in_px["ecd"][k]
        has_shape, has_circularity = ecd_px >= MIN_SHAPE_ECD_PX, ecd_px >= MIN_CIRCULARITY_ECD_PX
        nm = {} if in_nm is None else {"area_nm2": in_nm["area"][k]} | {
            f"{name}_nm": in_nm[name][k] for name in ("ecd", "feret_min", "feret_max")
        }  # fmt: skip
        measured.append(
            Measured(
                touches_border=touches_border(outline, frame_size),
                area_px2=in_px["area"][k],
                ecd_px=ecd_px,
                feret_min_px=in_px["feret_min"][k],
                feret_max_px=in_px["feret_max"][k],
                aspect_ratio=shape["aspect_ratio"][k] if has_shape else None,
                roundness=shape["roundness"][k] if has_shape else None,
                circularity=shape["circularity"][k] if has_circularity else None,
                solidity=shape["solidity"][k] if has_shape else None,
                **nm,
            )
        )
    return measured


def equivalent_circular_diameter(area):
    """Diameter of the disc of the same area, 2 sqrt(A/pi); any unit and its square."""
    return 2 * np.sqrt(np.asarray(area, dtype=float) / np.pi)


def touches_border(outline, frame_size):
    """Whether an outline comes within half a pixel of the frame's edge, so that part of it may be missing."""
    if frame_size is None:
        return False
    outline = np.asarray(outline, dtype=float)
    low, high = outline.min(0), outline.max(0)
    return bool((low < BORDER_PX).any() or (high > np.asarray(frame_size, dtype=float) - BORDER_PX).any())


def polygon_moments(outlines):
    """Area and central second moments of K polygons, exact sums over their edges (Steger 1996).

    Returns
    -------
    area : ndarray of shape (K,)
    centroid : ndarray of shape (K, 2)
    covariance : ndarray of shape (K, 2, 2)
        Second moments about the centroid divided by the area, x then y.
    perimeter : ndarray of shape (K,)
    """
    counts = np.array([len(outline) for outline in outlines])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    origins = np.array([outline.mean(0) for outline in outlines])
    # About a point inside: the sums would cancel badly for a small polygon far from the origin.
    points = np.concatenate(outlines) - np.repeat(origins, counts, axis=0)
    following = np.arange(len(points)) + 1
    following[starts + counts - 1] = starts
    x, y = points.T
    u, v = points[following].T
    cross = x * v - u * y

    def total(terms):
        return np.add.reduceat(terms, starts)

    signed = total(cross) / 2
    safe = np.where(signed == 0, 1, signed)
    center = np.stack([total((x + u) * cross), total((y + v) * cross)], axis=1) / (6 * safe[:, None])
    xx = total((x * x + x * u + u * u) * cross) / (12 * safe) - center[:, 0] ** 2
    yy = total((y * y + y * v + v * v) * cross) / (12 * safe) - center[:, 1] ** 2
    xy = total((2 * x * y + x * v + u * y + 2 * u * v) * cross) / (24 * safe) - center[:, 0] * center[:, 1]
    covariance = np.stack([np.stack([xx, xy], axis=1), np.stack([xy, yy], axis=1)], axis=1)
    return np.abs(signed), center + origins, covariance, total(np.hypot(u - x, v - y))


def feret_diameters(hull):
    """Smallest and largest distance between parallel tangents of a convex polygon, shape (V, 2).

    The largest is the longest chord between vertices, the smallest lies across an edge (rotating calipers:
    M. I. Shamos, Computational Geometry, thesis, Yale 1978).
    """
    edges = np.concatenate([hull[1:], hull[:1]]) - hull
    lengths = np.hypot(*edges.T)
    edges, corners, lengths = edges[lengths > 0], hull[lengths > 0], lengths[lengths > 0]
    normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1) / lengths[:, None]
    heights = np.abs(normals @ hull.T - (normals * corners).sum(1)[:, None])
    return float(heights.max(1).min()), float(scipy.spatial.distance.pdist(hull).max())


def convex_hulls(outlines):
    """Vertices of the convex hull of each of K polygons, in one sense of rotation.

    All at once: points sorted by x, and of the lower and the upper chain those that lie on the wrong side of
    their neighbours' chord are dropped until none does (the chains of A. M. Andrew, Inf. Process. Lett. 9
    (1979) 216; a point beyond a chord of the set is no corner of its hull whatever else is dropped with it).
    """
    counts = [len(outline) for outline in outlines]
    owner = np.repeat(np.arange(len(outlines)), counts)
    points = np.concatenate(outlines)
    order = np.lexsort((points[:, 1], points[:, 0], owner))
    points, owner = points[order], owner[order]
    is_new = np.append(True, (np.diff(points, axis=0) != 0).any(1) | (np.diff(owner) != 0))
    points, owner = points[is_new], owner[is_new]
    lower = _chain(points, owner, 1.0)
    upper = _chain(points, owner, -1.0)[::-1]
    ends = np.searchsorted(owner[lower], np.arange(len(outlines) + 1))
    backward = np.searchsorted(-owner[upper], -np.arange(len(outlines)), side="left")
    ahead = np.searchsorted(-owner[upper], -np.arange(len(outlines)), side="right")
    return [
        # Both chains hold the leftmost and the rightmost point.
        points[np.concatenate([lower[ends[k] : ends[k + 1]], upper[backward[k] + 1 : ahead[k] - 1]])]
        for k in range(len(outlines))
    ]


def _chain(points, owner, turn):
    """Which points, sorted by owner and x, each owner's lower (1) or upper (-1) chain keeps: indices."""
    kept = np.arange(len(points))
    while True:
        p, of = points[kept], owner[kept]
        before, after = p[1:-1] - p[:-2], p[2:] - p[1:-1]
        is_wrong = turn * (before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) <= 0
        is_wrong &= (of[:-2] == of[1:-1]) & (of[2:] == of[1:-1])
        if not is_wrong.any():
            return kept
        kept = kept[np.concatenate([[True], ~is_wrong, [True]])]


def _descriptors(outlines):
    area, _, covariance, perimeter = polygon_moments(outlines)
    largest = perimeter**2
    if (area <= 1e-9 * largest).any():
        raise ValueError("An outline must enclose an area; this one is a line or crosses itself.")
    hulls = convex_hulls(outlines)
    if min(len(hull) for hull in hulls) < 3:
        raise ValueError("An outline must enclose an area; this one is a line.")
    hull_area = polygon_moments(hulls)[0]
    feret_min, feret_max = np.array([feret_diameters(hull) for hull in hulls]).T
    small, large = np.linalg.eigvalsh(covariance).T
    if (small <= 0).any():
        raise ValueError("An outline must not cross itself.")
    columns = {
        "area": area,
        "ecd": equivalent_circular_diameter(area),
        "feret_min": feret_min,
        "feret_max": feret_max,
        "aspect_ratio": np.sqrt(large / small),
        "roundness": 4 * area / (np.pi * feret_max**2),
        "circularity": 4 * np.pi * area / perimeter**2,
        "solidity": area / hull_area,
    }
    return {name: values.tolist() for name, values in columns.items()}


def _scaled(outlines, in_px, scale):
    """Descriptors after scaling x and y; where both scale alike nothing needs to be measured again."""
    if scale[0] != scale[1]:
        return _descriptors([outline * scale for outline in outlines])
    factor = float(scale[0])
    powers = {"area": 2, "ecd": 1, "feret_min": 1, "feret_max": 1}
    return {
        name: [value * factor ** powers.get(name, 0) for value in values] for name, values in in_px.items()
    }


def _checked(outline):
    outline = np.asarray(outline, dtype=float)
    if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3:
        raise ValueError(f"An outline needs at least 3 points [x, y], got an array of shape {outline.shape}.")
    if not np.isfinite(outline).all():
        raise ValueError("An outline's coordinates must all be numbers; one is infinite or missing.")
    return outline


def _scale(pixel_size_nm):
    if pixel_size_nm is None:
        return None
    scale = np.broadcast_to(np.asarray(pixel_size_nm, dtype=float), 2)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError(f"The pixel size must be positive, got {pixel_size_nm} nm.")
    return scale
