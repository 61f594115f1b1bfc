"""Micrographs for the demo project: drawn, so that they may be given away, and noisy as real ones are.

A particle darkens (bright field) or brightens (HAADF) the image by its projected thickness; support, shot
noise and a little blur make the rest. The truth is geometric: radii and places come from a seeded generator.
"""

import numpy as np
from scipy.ndimage import gaussian_filter


def sphere_thickness(shape, spheres):
    """Thickness along the beam of spheres that lie side by side or overlap.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the image.
    spheres : ndarray of float, shape (K, 3)
        Centre row, centre column and radius, pixels.

    Returns
    -------
    ndarray of float32, shape (H, W)
        Thickness, pixels: 2 sqrt(r² - d²) summed over the spheres.
    """
    thickness = np.zeros(shape, np.float32)
    for row, column, radius in spheres:
        top, left = max(0, int(row - radius)), max(0, int(column - radius))
        bottom, right = min(shape[0], int(row + radius) + 2), min(shape[1], int(column + radius) + 2)
        rows, columns = np.ogrid[top:bottom, left:right]
        distance2 = (rows + 0.5 - row) ** 2 + (columns + 0.5 - column) ** 2
        thickness[top:bottom, left:right] += 2 * np.sqrt(np.clip(radius**2 - distance2, 0, None))
    return thickness


def scattered_spheres(random, shape, count, median_px, spread, gap_px):
    """Lognormal radii (median diameter, geometric standard deviation `spread`), none nearer than `gap_px`."""
    radii = np.sort(random.lognormal(np.log(median_px / 2), np.log(spread), count))[::-1]
    placed = np.empty((0, 3))
    for radius in radii:
        for _ in range(50):  # a crowded image may hold fewer than asked for
            row, column = random.uniform(-radius / 2, shape[0] + radius / 2), random.uniform(0, shape[1])
            distance = np.hypot(placed[:, 0] - row, placed[:, 1] - column)
            if np.all(distance > placed[:, 2] + radius + gap_px):
                placed = np.vstack([placed, (row, column, radius)])
                break
    return placed


def amorphous_support(random, shape, grain_px=2.5):
    """Texture of an amorphous film, zero mean and unit variance."""
    fine = gaussian_filter(random.standard_normal(shape, dtype=np.float32), grain_px)
    coarse = gaussian_filter(random.standard_normal([side // 16 + 1 for side in shape], dtype=np.float32), 2)
    coarse = np.kron(coarse, np.ones((16, 16), np.float32))[: shape[0], : shape[1]]
    texture = fine / fine.std() + 0.7 * gaussian_filter(coarse, 8) / coarse.std()
    return texture / texture.std()


def counted(random, expected, gain=4.0, dark=900.0):
    """Electrons arrive at random: Poisson noise (as its Gaussian limit), a gain and a dark level."""
    noisy = expected + np.sqrt(np.clip(expected, 1, None)) * random.standard_normal(
        expected.shape, dtype=np.float32
    )
    return np.clip(np.rint(dark + gain * noisy), 0, 65535).astype(np.uint16)


def gold_on_carbon(seed=11, side_px=2048):
    """Bright field: dark gold particles on a noisy carbon film of low contrast; some touch."""
    random, shape = np.random.default_rng(seed), (side_px, side_px)
    spheres = scattered_spheres(random, shape, side_px // 12, median_px=52, spread=1.3, gap_px=-1.5)
    transmitted = np.exp(-0.011 * sphere_thickness(shape, spheres) + 0.035 * amorphous_support(random, shape))
    return counted(random, 1100 * gaussian_filter(transmitted, 1.1))


def platinum_on_ceria(seed=12, side_px=1024):
    """HAADF: bright particles on a support that itself is bright and grows thicker to one side."""
    random, shape = np.random.default_rng(seed), (side_px, side_px)
    spheres = scattered_spheres(random, shape, 90, median_px=26, spread=1.25, gap_px=2)
    rows, columns = np.mgrid[: shape[0], : shape[1]] / side_px
    support = 260 + 420 * gaussian_filter(columns + 0.5 * rows, 20) + 26 * amorphous_support(random, shape, 6)
    return counted(random, gaussian_filter(support + 15 * sphere_thickness(shape, spheres), 0.9))


def tubes_and_polymer(seed=13, side_px=1024):
    """Bright field: carbon nanotubes (dark walls, lighter core) and faint polymer aggregates."""
    random, shape = np.random.default_rng(seed), (side_px, side_px)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    mass = np.zeros(shape, np.float32)
    for _ in range(5):
        angle, offset = random.uniform(0, np.pi), random.uniform(-0.38, 0.38) * side_px
        bend, period = random.uniform(10, 45), random.uniform(300, 700)
        x, y = columns - side_px / 2, rows - side_px / 2
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        distance = across - offset - bend * np.sin(2 * np.pi * along / period)
        outer, core = random.uniform(16, 26), random.uniform(5, 9)
        wall = (
            np.clip(outer**2 - distance**2, 0, None) ** 0.5 - np.clip(core**2 - distance**2, 0, None) ** 0.5
        )
        mass += wall / outer
    for _ in range(4):
        row, column = random.uniform(0.1, 0.9, 2) * side_px
        blobs = np.column_stack(
            [random.normal(row, 34, 14), random.normal(column, 34, 14), random.uniform(14, 34, 14)]
        )
        mass += 0.012 * gaussian_filter(sphere_thickness(shape, blobs), 5)
    transmitted = np.exp(-0.22 * mass + 0.03 * amorphous_support(random, shape))
    return counted(random, 900 * gaussian_filter(transmitted, 1.0))


def sintering_movie(seed=14, side_px=512, n_frames=8):
    """Bright field in gas: particles drift and pairs of them coalesce, volume kept. (T, H, W)."""
    random, shape = np.random.default_rng(seed), (side_px, side_px)
    spheres = scattered_spheres(random, shape, 30, median_px=30, spread=1.2, gap_px=3)
    film = amorphous_support(random, shape)
    frames = np.empty((n_frames, *shape), np.uint16)
    for index in range(n_frames):
        transmitted = np.exp(-0.016 * sphere_thickness(shape, spheres) + 0.03 * film)
        frames[index] = counted(random, 500 * gaussian_filter(transmitted, 1.0))
        spheres = spheres + np.column_stack(
            [random.normal(0, 1.5, (len(spheres), 2)), np.zeros(len(spheres))]
        )
        spheres = _coalesced(spheres)
    return frames


def _coalesced(spheres):
    """The nearest pair becomes one sphere of their volume, at their centre of mass."""
    distance = np.hypot(*(spheres[:, None, :2] - spheres[None, :, :2]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    first, second = np.unravel_index(distance.argmin(), distance.shape)
    volumes = spheres[[first, second], 2] ** 3
    centre = volumes @ spheres[[first, second], :2] / volumes.sum()
    merged = [*centre, np.cbrt(volumes.sum())]
    return np.vstack([np.delete(spheres, [first, second], axis=0), merged])
