"""Pictures that are no micrographs: photographs, pages of text, plots and diffraction patterns.

Of the photographs that scikit-image brings the tests ask about “camera” and “text”, so those are left out.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "stereo_motorcycle", "retina", "page", "clock")
SIDES_PX = (300, 900)
LETTERS = np.array(list("eeettaaoinshrdlcumwfgypbvk     .,"))


def strangers(seed, count):
    """`count` pictures (H, W) float32, 0 to 255; the same for the same seed, a quarter of each kind."""
    rng = np.random.default_rng(seed)
    makers = (photograph, page, plot, diffraction)
    return [makers[k % len(makers)](rng) for k in range(count)]


def photograph(rng):
    """A part of a photograph, turned, mirrored, darker or brighter, at some sampling, noisy or not."""
    image = getattr(data, PHOTOGRAPHS[rng.integers(len(PHOTOGRAPHS))])()
    image = np.asarray(image[0] if isinstance(image, tuple) else image, np.float32)
    image = image @ np.full(image.shape[-1], 1 / image.shape[-1], np.float32) if image.ndim == 3 else image
    image = 255 * image / max(float(image.max()), 1e-6)
    sides = [max(int(side * rng.uniform(0.5, 1)), 64) for side in image.shape]
    at = [rng.integers(0, max(side - part, 0) + 1) for side, part in zip(image.shape, sides, strict=True)]
    part = np.rot90(image[at[0] : at[0] + sides[0], at[1] : at[1] + sides[1]], rng.integers(4))
    zoom = rng.uniform(*SIDES_PX) / max(part.shape)
    size = [max(round(side * zoom), 64) for side in part.shape[::-1]]
    part = np.asarray(Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.BICUBIC))
    part = 255 * (np.clip(part, 0, 255) / 255) ** rng.uniform(0.6, 1.6)
    return _noisy(rng, part)


def page(rng):
    """Lines of letters, dark on bright."""
    pad, draw, size = _sheet(rng)
    height = int(rng.integers(9, 42))
    font = ImageFont.load_default(size=height)
    margin, y = int(rng.integers(5, 60)), int(rng.integers(5, 60))
    while y < size[1] - height:
        length = int((size[0] - 2 * margin) / (0.5 * height) * rng.choice([1, 1, 1, 0.4]))
        draw.text(
            (margin, y),
            "".join(rng.choice(LETTERS, max(length, 1))),
            font=font,
            fill=int(rng.integers(0, 60)),
        )
        y += int(height * rng.choice([1.3, 1.3, 1.3, 2.4]))
    return _noisy(rng, np.asarray(pad, np.float32))


def plot(rng):
    """Axes, ticks and curves or bars."""
    pad, draw, size = _sheet(rng)
    left, bottom = int(0.12 * size[0]), int(0.88 * size[1])
    wide = int(rng.integers(1, 5))
    draw.line(
        [(left, int(0.06 * size[1])), (left, bottom), (int(0.95 * size[0]), bottom)], fill=0, width=wide
    )
    font = ImageFont.load_default(size=int(rng.integers(10, 26)))
    x = np.linspace(left, 0.95 * size[0], 60)
    for k in range(6):
        draw.text((left + k * 0.14 * size[0], bottom + 4), f"{k * 10}", font=font, fill=0)
        draw.text((4, bottom - k * 0.14 * size[1]), f"{k}", font=font, fill=0)
    for _ in range(int(rng.integers(1, 5))):
        y = bottom - np.abs(np.cumsum(rng.normal(0, 0.04, x.size))) * size[1]
        if rng.random() < 0.7:
            draw.line(
                list(zip(x.tolist(), y.tolist(), strict=True)), fill=int(rng.integers(0, 140)), width=wide
            )
            continue
        for one, high in zip(x[::4].tolist(), y[::4].tolist(), strict=True):
            draw.rectangle(
                [one, min(high, bottom), one + 0.03 * size[0], bottom], fill=int(rng.integers(60, 160))
            )
    return _noisy(rng, np.asarray(pad, np.float32))


def diffraction(rng):
    """A central beam with a halo, and spots of a lattice or rings, on counts."""
    side = int(rng.uniform(*SIDES_PX))
    y, x = np.mgrid[:side, :side] - (side / 2 + rng.uniform(-0.05, 0.05, 2) * side)[:, None, None]
    radius = np.hypot(x, y)
    image = 10 ** rng.uniform(3, 4.5) * np.exp(-radius / (rng.uniform(0.01, 0.05) * side))
    step = rng.uniform(0.04, 0.14) * side
    fall = np.exp(-radius / (rng.uniform(0.15, 0.4) * side))
    if rng.random() < 0.5:
        angle, skew, sharp = rng.uniform(0, np.pi), rng.uniform(0.35, 0.65) * np.pi, rng.uniform(2, 6)
        along = x * np.cos(angle) + y * np.sin(angle), x * np.cos(angle + skew) + y * np.sin(angle + skew)
        spots = sum(np.cos(2 * np.pi * one / step) - 1 for one in along)
        image += 10 ** rng.uniform(2.3, 3.6) * np.exp(spots * sharp) * fall
    else:
        wide = rng.uniform(0.004, 0.015) * side
        for k in np.sqrt(np.array([3, 4, 8, 11, 12, 16, 19, 20])):
            height = 10 ** rng.uniform(2, 3.3) * np.exp(-0.5 * ((radius - step * k) / wide) ** 2) * fall
            image += height * (rng.random(image.shape) < rng.choice([1.0, 0.3]))
    image = rng.poisson(image + rng.uniform(1, 30)).astype(np.float32)
    if rng.random() < 0.5:  # as it is often saved
        image = np.log1p(image) if rng.random() < 0.5 else np.minimum(image, np.percentile(image, 99.5))
    return 255 * image / image.max()


def _sheet(rng):
    size = [int(rng.uniform(*SIDES_PX)) for _ in range(2)]
    pad = Image.new("L", size, int(rng.integers(200, 256)))
    return pad, ImageDraw.Draw(pad), size


def _noisy(rng, image):
    image = 255 - image if rng.random() < 0.3 else image
    return (image + rng.choice([0.0, 2.0, 8.0]) * rng.standard_normal(image.shape)).astype(np.float32)
