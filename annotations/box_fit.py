"""From a box that a person drew to the outline of the particle in its middle, neighbours or not."""

import numpy as np
import scipy  # its parts, and scikit-image's, are loaded when first used: a web process starts without
import skimage

from annotations.outline import SMOOTHING_PX, field_outline, undo_blur

# Below both a box is kept and no outline is invented. The grain of a support reaches 3.4 and 3.2.
MIN_CONTRAST_TO_NOISE = 3.5  # noise: median absolute deviation of what lies around the box
MIN_SEPARATION = 3.2  # of what is above and below the level, by their spread: a layer looks like noise
MAX_NOISE = 0.12  # of the contrast: more is smoothed away first
MARGIN = 0.6  # of the longer side of a box: how far around it background and neighbours are looked at
CORE = 0.25  # of a box, about its middle: the particle is there, however loosely the box was drawn
BEYOND = 1.5  # times the box: no particle reaches further, since the box was drawn around it
BACKGROUND_SHARE = 0.1  # of what is looked at; less free background than that lies in a dense layer
MIN_LEVEL_PX = 20  # of particles and of background, far from any edge: so many tell a level
CLEAR_PX = 2.0  # from any edge: beyond the blur
NECK = 0.85  # of the smaller part's half width: a wider neck parts nobody
LEAST_SHARE = 0.1  # of the box; less is a speck in it and not what it was drawn for
WHOLE = 0.75  # IoU with the box from which what hangs together is one thing, necks or not
MAX_PASSES = 4


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
    The level is half way between the particle in the middle and the background beside it, so that a blurred
    edge is cut at its middle (half maximum). What lies above it is parted at its necks (watershed of the
    distance to the outline), and of the parts the one in the middle is kept.
    """
    rows, columns = crop_slices(
        (box[0] - origin[0], box[1] - origin[1], *box[2:]), (image.shape[1], image.shape[0])
    )
    corner = np.array([columns.start + origin[0], rows.start + origin[1]], dtype=float)
    crop = np.asarray(image[rows, columns], dtype=np.float32)
    if min(crop.shape) < 3 or not np.isfinite(crop).all():
        return None
    view = _View(crop, (box[0] - corner[0], box[1] - corner[1], *box[2:]))
    if (view.off_center > 1).sum() < 8:  # the box fills the frame: nothing to compare with
        return None
    blur_px = min(SMOOTHING_PX, min(box[2:]) / 8)
    found = _search(view, blur_px)
    if found is None:
        return None
    wanted_px = min(blur_px * found.noise / found.contrast / MAX_NOISE, min(box[2:]) / 8)
    if wanted_px > blur_px:
        blur_px = wanted_px
        found = _search(view, blur_px)
    if found is None or not _stands_out(found, view):
        return None
    outline = field_outline(found.field, found.mask)
    if outline is None:
        return None
    low, high = outline.min(0), outline.max(0)
    if np.prod(high - low) < LEAST_SHARE * box[2] * box[3]:
        return None
    return undo_blur(outline, blur_px) + corner


def _stands_out(found, view):
    around, above = found.field[view.off_center > 1], found.field > 0
    noise = 1.4826 * np.median(np.abs(around - np.median(around)))
    if found.contrast >= MIN_CONTRAST_TO_NOISE * max(noise, found.noise, np.finfo(np.float32).tiny):
        return True
    high, low = found.field[above], found.field[~above]
    spread = np.sqrt((high.var() + low.var()) / 2)
    return found.contrast >= MIN_CONTRAST_TO_NOISE * found.noise and (
        high.mean() - low.mean() >= MIN_SEPARATION * spread
    )


class _View:
    """What is looked at: pixels, where they lie, and how far from the box's middle (1 on its sides)."""

    def __init__(self, crop, box):
        self.crop, self.box = crop, box
        x, y, width, height = box
        self.column, self.row = np.meshgrid(np.arange(crop.shape[1]) + 0.5, np.arange(crop.shape[0]) + 0.5)
        across, down = (self.column - x) / (width / 2) - 1, (self.row - y) / (height / 2) - 1
        self.off_center = np.maximum(np.abs(across), np.abs(down))
        core = self.off_center < CORE
        self.core = core if core.any() else self.off_center == self.off_center.min()

    def slope(self, values, above=None, where=None):
        """The tilt of `values`, zero on average: one for particles (`above`) and what lies between them.

        Least squares with a level for each of the two, so that a layer's rim is not taken for a slope.
        """
        terms = [self.column - self.column.mean(), self.row - self.row.mean(), np.ones(values.shape)]
        terms += [] if above is None else [above]
        terms = np.stack(terms, axis=-1).astype(float)
        chosen = np.ones(values.shape, dtype=bool) if where is None else where
        solution = np.linalg.lstsq(terms[chosen], values[chosen].astype(float), rcond=None)[0]
        return (terms[..., :2] @ solution[:2]).astype(np.float32)


class _Found:
    """A particle: `field` (positive inside, zero on edges), its `mask`, its contrast and the noise."""

    def __init__(self, field, mask, contrast, noise):
        self.field, self.mask, self.contrast, self.noise = field, mask, contrast, noise


def _search(view, blur_px):
    smooth = scipy.ndimage.gaussian_filter(view.crop, blur_px)
    # Through everything first: neighbours lie on all sides alike. Then with a level for particles.
    flat = smooth - view.slope(smooth)
    low, high = np.percentile(flat, [10, 90])
    inside = np.median(flat[view.core])
    sign = 1 if 2 * inside >= low + high else -1
    flat, inside = flat * sign, inside * sign
    outside = np.percentile(flat, 10)
    mask = None
    for _ in range(MAX_PASSES):
        if inside <= outside:
            return None
        above = flat > (inside + outside) / 2
        clear = scipy.ndimage.distance_transform_edt(~above) > CLEAR_PX
        deep = scipy.ndimage.distance_transform_edt(above) > CLEAR_PX
        enough = min(np.count_nonzero(clear), np.count_nonzero(deep)) >= MIN_LEVEL_PX
        flat = flat - view.slope(flat, above, clear | deep if enough else None)
        if clear.mean() >= BACKGROUND_SHARE:
            outside = np.median(flat[clear])
            noise = 1.4826 * np.median(np.abs(flat[clear] - outside))
        else:
            noise = _fine_noise(view.crop, blur_px)
            # Between particles hardly a pixel shows the background alone: the darkest do, less their noise.
            outside = np.percentile(flat[~above], 10) + 1.28 * noise if not above.all() else outside
        above = flat > (inside + outside) / 2
        before, mask = mask, _middle_part(above, view)
        if mask is None:
            return None
        inside = _level(flat, mask)
        if before is not None and np.count_nonzero(before ^ mask) <= 0.02 * np.count_nonzero(mask):
            break
    noise = max(noise, _fine_noise(view.crop, blur_px))
    return _Found(flat - (inside + outside) / 2, mask, inside - outside, noise)


def _middle_part(above, view):
    """The part of a mask in the middle of the box: its neighbours cut off at their necks; None if none."""
    regions, count = scipy.ndimage.label(above)
    near = above & (view.off_center < 1)
    if not near.any():
        return None
    weight = np.bincount(regions[near], np.exp(-4 * view.off_center[near] ** 2), minlength=count + 1)
    whole = regions == weight.argmax()
    if _lies_in(whole, view):  # in a layer the holes are the gaps between particles
        whole = scipy.ndimage.binary_fill_holes(whole)
    # The crop's edge is no edge of a particle: a neighbour cut by it counts as it goes on.
    distance = scipy.ndimage.gaussian_filter(scipy.ndimage.distance_transform_edt(whole), 0.7) * whole
    tops, count = scipy.ndimage.label(
        (distance == scipy.ndimage.maximum_filter(distance, 3)) & (distance > 1), np.ones((3, 3))
    )
    if count < 2 or _agreement(whole, view.box) >= WHOLE:
        return whole if _lies_in(whole, view) else None
    parts = skimage.segmentation.watershed(-distance, tops, mask=whole)
    weight = np.bincount(parts.ravel(), (whole * np.exp(-4 * view.off_center**2)).ravel())
    chosen = weight[1:].argmax() + 1
    mask = scipy.ndimage.binary_fill_holes(_joined(parts, distance, chosen, view))
    return mask if _lies_in(mask, view) else None


def _joined(parts, distance, chosen, view):
    """Label map's parts that are one with the chosen: joined by wide necks, and not beyond the box."""
    own = {chosen}
    height = scipy.ndimage.maximum(distance, parts, np.arange(parts.max() + 1))
    inside = scipy.ndimage.mean(view.off_center <= 1, parts, np.arange(parts.max() + 1))
    sides = []
    for near, far in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        a, b = parts[near].ravel(), parts[far].ravel()
        touching = (a != b) & (a > 0) & (b > 0)
        saddle = np.minimum(distance[near].ravel()[touching], distance[far].ravel()[touching])
        sides += zip(a[touching].tolist(), b[touching].tolist(), saddle.tolist(), strict=True)
    while True:
        top = max(height[label] for label in own)
        wide = [
            (saddle / min(top, height[other]), other)
            for a, b, saddle in sides
            if (a in own) != (b in own) and inside[other := b if a in own else a] > 0.5
        ]
        if not wide or max(wide)[0] <= NECK:
            return np.isin(parts, list(own))
        own.add(max(wide)[1])


def _agreement(mask, box):
    """IoU of a mask's bounding box and a drawn one."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    x, y, width, height = box
    both = max(0, min(right, x + width) - max(left, x)) * max(0, min(bottom, y + height) - max(top, y))
    return both / (width * height + (right - left) * (bottom - top) - both)


def _lies_in(mask, view):
    return np.mean(view.off_center[mask] > BEYOND) < 0.02


def _level(flat, mask):
    """The level inside a particle, without its blurred rim as far as it is large enough."""
    core = mask
    for _ in range(2):
        smaller = scipy.ndimage.binary_erosion(core, border_value=1)
        core = smaller if np.count_nonzero(smaller) >= 5 else core
    return np.median(flat[core])


def _fine_noise(crop, blur_px):
    """What white noise of the recorded pixels leaves after a blur; edges hardly count in its differences."""
    fine = scipy.ndimage.convolve(crop, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32) / 6)
    return 1.4826 * np.median(np.abs(fine)) / max(1.0, 2 * np.sqrt(np.pi) * blur_px)
