"""From a box, a mask or a field to an outline: a sub-pixel polygon, in pixels, x then y.

Pixel (row r, column c) covers [c, c + 1) x [r, r + 1); its value is known at its centre (c + 0.5, r + 0.5).
"""

import numpy as np
import scipy  # its parts, and scikit-image's, are loaded when first used: a web process starts without
import skimage

MIN_CONTRAST_TO_NOISE = 3.0  # below it a box is kept and no outline is invented
MARGIN = 0.3  # of the longer side of a box: how far around it the background is looked at
OUTSIDE = 0.1  # of a side: how far a particle may reach beyond its box, since people draw loosely
SMOOTHING_PX = 1.0


def crop_slices(box, frame_size, margin=MARGIN):
    """Rows and columns that `shrink_to_fit` needs for a box (x, y, width, height): two slices."""
    x, y, width, height = box
    pad = max(4.0, margin * max(width, height))
    columns = np.clip([np.floor(x - pad), np.ceil(x + width + pad)], 0, frame_size[0]).astype(int)
    rows = np.clip([np.floor(y - pad), np.ceil(y + height + pad)], 0, frame_size[1]).astype(int)
    return slice(*rows.tolist()), slice(*columns.tolist())


def shrink_to_fit(image, box, origin=(0, 0)):
    """The outline of the particle that a person put a box around.

    Parameters
    ----------
    image : ndarray of shape (H, W)
        A frame, or the part of it that `crop_slices` names.
    box : tuple of float
        x, y, width, height in the frame's pixels.
    origin : tuple of float, optional
        x and y of the image's top-left corner in the frame.

    Returns
    -------
    ndarray of shape (V, 2) or None
        None where no outline can be told from the noise: the box stays a box.

    Notes
    -----
    The background is a plane through what lies around the box, the level half way between it and the
    particle, so that a blurred edge is cut at its middle (half maximum).
    """
    rows, columns = crop_slices(
        (box[0] - origin[0], box[1] - origin[1], *box[2:]), (image.shape[1], image.shape[0])
    )
    corner = np.array([columns.start + origin[0], rows.start + origin[1]], dtype=float)
    crop = np.asarray(image[rows, columns], dtype=np.float32)
    if min(crop.shape) < 3 or not np.isfinite(crop).all():
        return None
    x, y, width, height = box[0] - corner[0], box[1] - corner[1], *box[2:]
    column, row = np.meshgrid(np.arange(crop.shape[1]) + 0.5, np.arange(crop.shape[0]) + 0.5)
    # Distance from the box's centre, 1 on its sides.
    off_center = np.maximum(
        np.abs(column - x - width / 2) / (width / 2), np.abs(row - y - height / 2) / (height / 2)
    )
    around = off_center > 1
    if around.sum() < 8:  # the box fills the frame: nothing to compare with
        return None
    blur_px = min(SMOOTHING_PX, min(width, height) / 8)
    smooth = scipy.ndimage.gaussian_filter(crop, blur_px)
    flat = smooth - _plane(column, row, smooth, around)
    noise = 1.4826 * np.median(np.abs(flat[around] - np.median(flat[around])))
    core = off_center < 0.4
    inside = flat[core] if core.any() else flat[off_center == off_center.min()]
    plateau = np.median(inside)
    if abs(plateau) < max(MIN_CONTRAST_TO_NOISE * noise, np.finfo(np.float32).tiny):
        return None
    field = flat * np.sign(plateau) - abs(plateau) / 2
    allowed = off_center < 1 + 2 * OUTSIDE
    regions, count = scipy.ndimage.label((field > 0) & allowed)
    if not count:
        return None
    weight = np.bincount(regions[regions > 0], weights=np.exp(-2 * off_center[regions > 0] ** 2))
    mask = scipy.ndimage.binary_fill_holes(regions == weight.argmax())
    outline = field_outline(field, mask)
    if outline is None:
        return None
    size = np.ptp(outline, axis=0)
    if size[0] * size[1] < 0.2 * width * height:  # a speck in the box, not what the box was drawn for
        return None
    return undo_blur(outline, blur_px) + corner


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
    outline = np.asarray(outline, dtype=float) - 0.5
    mask = np.zeros((frame_size[1], frame_size[0]), dtype=bool)
    rows, columns = skimage.draw.polygon(outline[:, 1], outline[:, 0], mask.shape)
    mask[rows, columns] = True
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


def _plane(column, row, values, where):
    """Least-squares plane through `values` at `where`, without outliers (neighbouring particles)."""
    terms = np.stack([np.ones(values.size), column.ravel(), row.ravel()], axis=1)
    chosen = where.ravel()
    flat = values.ravel().astype(float)
    middle = np.median(flat[chosen])
    spread = 1.4826 * np.median(np.abs(flat[chosen] - middle))
    kept = chosen & (np.abs(flat - middle) <= 3 * spread)
    if kept.sum() < 8:
        return np.full(values.shape, middle, dtype=np.float32)
    solution = np.linalg.lstsq(terms[kept], flat[kept], rcond=None)[0]
    return (terms @ solution).reshape(values.shape).astype(np.float32)
