"""Drawn discs, ellipses and polygons on noise: images and outlines whose answer is known."""

import numpy as np

OVERSAMPLING = 8


def ellipse_outline(center, diameter, ratio=1.0, angle=0.0, points=2000):
    """Outline of an ellipse by its larger diameter and its axis ratio (>= 1), nearly exact."""
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x, y = diameter / 2 * np.cos(t), diameter / ratio / 2 * np.sin(t)
    return np.stack(
        [
            center[0] + x * np.cos(angle) - y * np.sin(angle),
            center[1] + x * np.sin(angle) + y * np.cos(angle),
        ],
        axis=1,
    )


def coverage(size, inside):
    """Share of each pixel of a (size, size) image that lies inside: `inside(x, y)` sampled 8 x 8 a pixel."""
    at = (np.arange(size * OVERSAMPLING) + 0.5) / OVERSAMPLING
    fine = inside(at[None, :], at[:, None])
    return fine.reshape(size, OVERSAMPLING, size, OVERSAMPLING).mean(axis=(1, 3))


def disc(size, center, diameter):
    """A disc's coverage, (size, size), 0 to 1; center as x, y with the image's corner at (0, 0)."""
    return coverage(size, lambda x, y: np.hypot(x - center[0], y - center[1]) < diameter / 2)


def ellipse(size, center, diameter, ratio, angle):
    """An ellipse's coverage; larger diameter, axis ratio (>= 1), angle of the larger axis to x."""

    def inside(x, y):
        along = (x - center[0]) * np.cos(angle) + (y - center[1]) * np.sin(angle)
        across = -(x - center[0]) * np.sin(angle) + (y - center[1]) * np.cos(angle)
        return np.hypot(along, across * ratio) < diameter / 2

    return coverage(size, inside)


def micrograph(size, discs, *, contrast=1.0, noise=0.1, slope=0.0, seed=0):
    """A frame (size, size) of discs (x, y, diameter) of `contrast` on a sloping background with noise."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size))
    for x, y, diameter in discs:
        low = np.maximum(np.floor([x - diameter, y - diameter]).astype(int), 0)
        span = int(2 * diameter) + 3
        part = disc(span, (x - low[0], y - low[1]), diameter)
        view = image[low[1] : low[1] + span, low[0] : low[0] + span]
        np.maximum(view, part[: view.shape[0], : view.shape[1]], out=view)
    background = slope * np.linspace(0, 1, size)[None, :]
    return (10 + contrast * image + background + noise * rng.standard_normal(image.shape)).astype(np.float32)


def grid_discs(size, diameter, gap, seed=0):
    """Discs on a grid, jittered by fractions of a pixel: (x, y, diameter) of each, none cut by the edge."""
    rng = np.random.default_rng(seed)
    places = np.arange(diameter / 2 + gap, size - diameter / 2 - gap, diameter + gap)
    return [(x + rng.random(), y + rng.random(), diameter) for y in places for x in places]


def hexagonal_discs(size, diameter, gap, seed=0):
    """The densest layer of equal discs, `gap` apart and jittered by 0.3 px: (x, y, diameter) of each."""
    rng = np.random.default_rng(seed)
    first, last, pitch = diameter / 2 + 3, size - diameter / 2 - 3, diameter + gap
    discs = []
    for k, y in enumerate(np.arange(first, last, pitch * np.sqrt(3) / 2)):
        for x in np.arange(first + (k % 2) * pitch / 2, last, pitch):
            discs.append((x + rng.uniform(-0.3, 0.3), y + rng.uniform(-0.3, 0.3), diameter))
    return discs


def crowded_discs(size, diameter, gap, spread=0.15, tries=2500, seed=0):
    """Discs of lognormal diameters thrown at random until hardly one more fits, none nearer than `gap`."""
    rng = np.random.default_rng(seed)
    discs = np.zeros((0, 3))
    for _ in range(tries):
        own = diameter * np.exp(spread * rng.standard_normal())
        x, y = rng.uniform(own / 2 + 2, size - own / 2 - 2, 2)
        if (np.hypot(discs[:, 0] - x, discs[:, 1] - y) >= (discs[:, 2] + own) / 2 + gap).all():
            discs = np.vstack([discs, (x, y, own)])
    return discs.tolist()
