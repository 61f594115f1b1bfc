"""Changes to a normalised crop that leave its labels true: what microscopes, cameras and editors differ in.

Each takes a generator and a crop (H, W) float32 of about unit spread, and returns one.
"""

import io

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage


def inverted(rng, crop):
    """Bright field becomes dark field."""
    return -crop


def gamma(rng, crop):
    """A power of 0.6 to 1.6 of the levels between the extremes."""
    low, high = float(crop.min()), float(crop.max())
    if high <= low:
        return crop
    return (((crop - low) / (high - low)) ** np.float32(rng.uniform(0.6, 1.6))) * (high - low) + low


def contrast(rng, crop):
    """A factor of 0.6 to 1.6 and an offset of up to 0.3."""
    return crop * np.float32(np.exp(rng.uniform(np.log(0.6), np.log(1.6)))) + np.float32(
        rng.uniform(-0.3, 0.3)
    )


def noise(rng, crop):
    """White noise of up to the crop's own spread, by half of them blurred as a camera blurs it."""
    drawn = rng.standard_normal(crop.shape, dtype=np.float32)
    if rng.random() < 0.5:
        drawn = ndimage.gaussian_filter(drawn, rng.uniform(0.4, 1.2), truncate=3)
        drawn /= max(float(drawn.std()), 1e-6)
    return crop + np.float32(rng.uniform(0, 0.8) ** 1.5 * crop.std()) * drawn


def blur(rng, crop):
    """Out of focus, by a Gaussian of up to 1.8 px."""
    return ndimage.gaussian_filter(crop, rng.uniform(0.3, 1.8), truncate=3)


def ring(rng, crop):
    """A fringe around edges, as defocus makes one: up to 0.6 of a difference of two Gaussians."""
    sigma = rng.uniform(0.6, 2.0)
    near = ndimage.gaussian_filter(crop, sigma, truncate=3)
    far = ndimage.gaussian_filter(crop, 2 * sigma, truncate=3)
    return crop + np.float32(rng.uniform(-0.6, 0.6)) * (near - far)


def background(rng, crop):
    """A third-order polynomial of up to the crop's spread either way."""
    height, width = crop.shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    a = rng.normal(0, 0.5, 6).astype(np.float32)
    sheet = a[0] * x + a[1] * y + a[2] * x * y + a[3] * x * x + a[4] * y * y + a[5] * x * y * y
    return crop + sheet * np.float32(crop.std())


def scan_lines(rng, crop):
    """Rows of unequal brightness, displaced by up to a pixel."""
    out = crop + np.float32(rng.uniform(0, 0.15) * crop.std()) * rng.standard_normal(
        (len(crop), 1), np.float32
    )
    if rng.random() < 0.5:
        steps = np.rint(rng.normal(0, 0.5, len(crop))).astype(int)
        columns = np.clip(np.arange(crop.shape[1])[None] + steps[:, None], 0, crop.shape[1] - 1)
        out = np.take_along_axis(out, columns, axis=1)
    return out


def motion(rng, crop):
    """Drift of up to 4 px."""
    length, angle = rng.uniform(1, 4), rng.uniform(0, np.pi)
    steps = [(k * length / 4 * np.sin(angle), k * length / 4 * np.cos(angle)) for k in (-1.5, -0.5, 0.5, 1.5)]
    return np.mean([ndimage.shift(crop, step, order=1, mode="nearest") for step in steps], axis=0)


def hot_pixels(rng, crop):
    """A few wild values."""
    out = crop.copy()
    n = rng.integers(1, 12)
    out.ravel()[rng.integers(out.size, size=n)] += rng.uniform(-8, 8, n).astype(np.float32)
    return out


def jpeg(rng, crop):
    """Stored as an 8-bit JPEG of quality 40 to 95, as published figures are."""
    low, high = np.percentile(crop, (0.1, 99.9))
    if high <= low:
        return crop
    levels = np.clip((crop - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(levels).save(stored, "JPEG", quality=int(rng.integers(40, 96)))
    return np.asarray(Image.open(stored), np.float32) / 255 * np.float32(high - low) + np.float32(low)


MENU = (
    (inverted, 0.5), (gamma, 0.4), (contrast, 0.5), (ring, 0.2), (blur, 0.25), (motion, 0.08),
    (background, 0.4),
    (noise, 0.4), (scan_lines, 0.15), (hot_pixels, 0.1), (jpeg, 0.15),
)  # fmt: skip


def augmented(rng, crop):
    """A crop after a random choice of these, in the order in which they happen in life."""
    for change, share in MENU:
        if rng.random() < share:
            crop = change(rng, crop)
    return np.clip(crop, -12, 12).astype(np.float32)


def stamped(rng, crop):
    """A scale bar or writing pasted in: (crop, where it is)."""
    height, width = crop.shape
    sheet = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(sheet)
    x, y = rng.integers(0, width - 60), rng.integers(0, height - 20)
    length = int(rng.integers(30, min(width - x, 160) + 1))
    pen.rectangle([x, y, x + length, y + int(rng.integers(2, 9))], fill=255)
    words = f"{rng.choice([1, 2, 5, 10, 20, 50, 100, 200])} nm"
    pen.text(
        (x, y + 8 if rng.random() < 0.5 else y - 14), words, fill=255, font_size=int(rng.integers(9, 28))
    )
    there = np.asarray(sheet) > 127
    value = np.float32(crop.max() if rng.random() < 0.5 else crop.min())
    return np.where(there, value, crop), there


def repainted(rng, labels, distance):
    """A crop (H, W) of the same outlines in grey levels that no simulation of optics would give.

    Levels, profiles, shading and texture are drawn at random, so that a network knows a particle by its
    closed edge, whatever instrument showed it (B. Billot et al., SynthSeg, Med. Image Anal. 2023).

    labels : ndarray of shape (H, W) of int, 0 outside; distance of the same shape, 0 at edges to 1.
    """
    shape, n = labels.shape, int(labels.max())
    height = _profile(rng, distance)
    level = rng.choice((-1, 1)) * rng.uniform(0.6, 4) + rng.normal(0, rng.uniform(0, 0.8), n + 1)
    level[0] = 0.0
    crop = level[labels].astype(np.float32) * height
    if rng.random() < 0.35:  # lit from a side, as secondary electrons show it
        angle = rng.uniform(0, 2 * np.pi)
        down, right = np.gradient(ndimage.gaussian_filter(height * (labels > 0), 1.0))
        crop += np.float32(rng.uniform(1, 8)) * (np.cos(angle) * right + np.sin(angle) * down)
    for where, most in ((labels == 0, 0.8), (labels > 0, 0.5)):
        sigma = np.exp(rng.uniform(np.log(0.7), np.log(40)))
        texture = _field(rng, shape, sigma)
        crop += np.float32(rng.uniform(0, most)) * texture * where
    crop = ndimage.gaussian_filter(crop, rng.uniform(0.3, 1.5), truncate=3)
    return crop + np.float32(rng.uniform(0, 0.6)) * rng.standard_normal(shape, dtype=np.float32)


def _profile(rng, distance):
    kind = rng.integers(4)
    if kind == 0:
        return np.ones_like(distance)
    if kind == 1:  # as thick as a sphere
        return np.sqrt(np.clip(1 - (1 - distance) ** 2, 0, 1))
    if kind == 2:  # bright rims
        return 0.4 + (1 - distance) ** np.float32(rng.uniform(1, 4))
    return np.float32(0.5) + distance


def _field(rng, shape, sigma):
    """Noise of unit spread, smooth over `sigma` px."""
    small = max(int(sigma // 2), 1)  # drawn coarsely where it is smooth anyway
    coarse = rng.standard_normal([side // small + 3 for side in shape], dtype=np.float32)
    coarse = ndimage.gaussian_filter(coarse, sigma / small, mode="wrap", truncate=3)
    field = np.asarray(Image.fromarray(coarse).resize([side * small for side in coarse.shape[::-1]]))
    field = field[: shape[0], : shape[1]]
    return field / max(float(field.std()), 1e-6)


def symmetry(rng):
    """One of the eight of a square, as a function of arrays (..., H, W)."""
    turns, flips = int(rng.integers(4)), bool(rng.integers(2))

    def apply(array):
        turned = np.rot90(array, turns, axes=(-2, -1))
        return np.ascontiguousarray(turned[..., ::-1] if flips else turned)

    return apply


def turned_boxes(boxes, turn, side_px):
    """Boxes (K, 4), x0, y0, x1, y1, of a square crop after one of `symmetry`'s turns."""
    corners = turn(np.stack(np.meshgrid([0.0, side_px], [0.0, side_px])))  # where each corner came from: x, y
    origin = corners[:, 0, 0]
    axes = np.stack([corners[:, 0, 1] - origin, corners[:, 1, 0] - origin]) / side_px
    ends = [(points - origin) @ axes.T for points in (boxes[:, :2], boxes[:, 2:])]
    return np.concatenate([np.minimum(*ends), np.maximum(*ends)], axis=1)
