"""From a mask or a field to an outline: a sub-pixel polygon, in pixels, x then y.

Pixel (row r, column c) covers [c, c + 1) x [r, r + 1); its value is known at its centre (c + 0.5, r + 0.5).
"""

import numpy as np
import scipy  # its parts, and scikit-image's, are loaded when first used: a web process starts without
import skimage

from annotations.raster import inside

SMOOTHING_PX = 1.0


def undo_blur(outline, blur_px):
    """Give an outline back the area that our own smoothing, and the pixels' width, took from it.

    Notes
    -----
    The half level of a region blurred by a Gaussian of variance v moves by v/2 times its curvature, the short
    step of curve-shortening flow (Merriman, Bence and Osher 1992). The curvature of any closed curve adds up
    to 2 pi, so the area lost is pi v whatever the shape. A pixel's width is a blur of variance 1/12.
    """
    area = polygon_area(outline)
    if area <= 0:
        return outline
    center = outline.mean(0)
    return center + (outline - center) * np.sqrt(1 + np.pi * (blur_px**2 + 1 / 12) / area)


def field_outline(field, mask):
    """Outline of a region at the zero of a field, sub-pixel, cut half way to any neighbour.

    Parameters
    ----------
    field : ndarray of shape (H, W)
        Positive inside particles, zero on their edges.
    mask : ndarray of bool, shape (H, W)
        The pixels of one particle. Where it ends although the field stays positive (a touching neighbour, the
        image's edge) the outline runs along the pixels' sides.

    Returns
    -------
    ndarray of shape (V, 2) or None
        The longest contour, or None where there is none of three points or more.
    """
    height = np.maximum(np.abs(field), 1e-6)  # a zero exactly on a pixel would make a contour of no width
    signed = np.where(mask, height, -height)
    # Mirrored beyond the image: the outline of a particle cut by the edge then runs on the edge.
    signed = np.pad(signed, 1, mode="edge")
    for side in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        signed[side] = -np.abs(signed[side])
    contours = skimage.measure.find_contours(signed, 0.0)
    if not contours:
        return None
    longest = max(contours, key=len)
    outline = longest[:-1, ::-1] - 0.5  # centre of the padded pixel (1, 1) is (0.5, 0.5); drop the repeat
    return outline if len(outline) >= 3 else None


def mask_outline(mask, smoothing_px=SMOOTHING_PX):
    """Outline of a drawn mask: the half level of the slightly blurred mask, so that it has no stairs.

    Its area is kept: the polygon is scaled about its centre to the mask's own (blurring shrinks what is
    convex).
    """
    mask = np.asarray(mask, dtype=bool)
    area = int(mask.sum())
    if not area:
        return None
    outline = None
    if area >= 30:
        padded = np.pad(mask, 4).astype(np.float32)
        outline = field_outline(scipy.ndimage.gaussian_filter(padded, smoothing_px) - 0.5, padded > 0)
        outline = None if outline is None else outline - 4
    if outline is None:
        outline = field_outline(np.where(mask, 0.5, -0.5), mask)
    if outline is None:
        return None
    center = outline.mean(0)
    return center + (outline - center) * np.sqrt(area / polygon_area(outline))


def outline_mask(outline, frame_size):
    """Mask of the pixels whose centre lies in an outline; `frame_size` is (width, height)."""
    mask = np.zeros((frame_size[1], frame_size[0]), dtype=bool)
    mask[inside(np.asarray(outline, dtype=float), mask.shape)] = True
    return mask


def polygon_area(outline):
    """Area inside a polygon by the shoelace formula."""
    x, y = np.asarray(outline, dtype=float).T
    return float(abs(x[:-1] @ y[1:] - y[:-1] @ x[1:] + x[-1] * y[0] - y[-1] * x[0]) / 2)


def outline_box(outline):
    """Bounding box (x, y, width, height) of an outline."""
    outline = np.asarray(outline, dtype=float)
    low, high = outline.min(0), outline.max(0)
    return (*low.tolist(), *(high - low).tolist())


def crosses_itself(outline):
    """Whether two sides of a closed polygon that are not neighbours properly cross."""
    start = np.asarray(outline, dtype=float)
    end = np.roll(start, -1, axis=0)

    def side(a, b, c):
        """Sign of the turn a -> b -> c, for every pair of sides."""
        return np.sign((b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
                       - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0]))  # fmt: skip

    p, q, r, s = start[:, None], end[:, None], start[None], end[None]
    crosses = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    return bool(crosses.any())
