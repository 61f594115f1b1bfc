"""Frames of ellipses whose answer is known, and a detector that thresholds them."""

import numpy as np
from scipy import ndimage

from mlcore.data import targets
from mlcore.data.examples import Example
from mlcore.data.feature_shards import Shard
from mlcore.nets.channels import CHANNELS
from tests.phantoms import ellipse_outline

SIDE = 192


def ellipses(rng, n=9):
    """Outlines of n ellipses on a grid, none touching, with ECD, aspect ratio and roundness (n, 3)."""
    outlines, sizes = [], []
    for k in range(n):
        row, column = divmod(k, 3)
        center = np.array([32 + 64 * column, 32 + 64 * row]) + rng.uniform(-3, 3, 2)
        long, ratio = rng.uniform(16, 40), rng.uniform(1, 1.8)
        outlines.append(ellipse_outline(center, long, ratio, rng.uniform(0, np.pi), points=60))
        sizes.append((long / np.sqrt(ratio), ratio, 1 / ratio))
    return outlines, np.array(sizes)


def picture(outlines, rng):
    """Bright particles on noise, (SIDE, SIDE) float32, and the true maps."""
    maps, _ = targets.build(
        outlines, np.zeros(len(outlines), int), np.zeros(len(outlines), bool), (SIDE, SIDE)
    )
    maps = dict(zip(CHANNELS, maps, strict=True))
    soft = ndimage.gaussian_filter(maps["foreground"], 0.7)
    return 4 * soft + 0.2 * rng.standard_normal((SIDE, SIDE), np.float32), maps


def shard(number, spread=0.1):
    """Particles whose outlines are wrong by a random factor that the picture tells."""
    rng = np.random.default_rng(number)
    outlines, sizes = ellipses(rng)
    frame, maps = picture(outlines, rng)
    factor = np.exp(rng.uniform(-spread, spread, len(outlines)))
    found = [one.mean(0) + f * (one - one.mean(0)) for one, f in zip(outlines, factor, strict=True)]
    measured = sizes * np.stack([factor, *2 * [np.ones(len(factor))]], axis=1)
    return Shard(
        frame, {name: maps[name] for name in ("foreground", "distance")}, found, measured, sizes,
        np.zeros(len(found), bool), np.zeros(len(found), np.int8), f"scene-{number}",
    )  # fmt: skip


def example(number):
    """A labelled frame of levels as a camera gives them."""
    rng = np.random.default_rng(number)
    outlines, sizes = ellipses(rng)
    frame, _ = picture(outlines, rng)
    n = len(outlines)
    return Example(
        f"frame-{number}", (1000 + 100 * frame).astype(np.float32), outlines, np.zeros(n, np.int8),
        np.zeros(n, bool), f"frame-{number}", 0.5, sizes=sizes, is_truncated=np.zeros(n, bool),
    )  # fmt: skip


class Thresholder:
    """In a trained detector's place: what is bright is foreground."""

    key = "thresholder"

    def __init__(self, *about):
        self.n_called = 0

    def __call__(self, frame):
        self.n_called += 1
        smooth = ndimage.gaussian_filter(frame, 1)
        sharp = np.clip((smooth - (smooth.min() + smooth.max()) / 2) * 2 + 0.5, 0, 1)
        labels, n = ndimage.label(sharp > 0.5)
        depth = ndimage.distance_transform_edt(labels > 0)
        most = np.concatenate([[1.0], np.atleast_1d(ndimage.maximum(depth, labels, np.arange(1, n + 1)))])
        maps = {name: np.zeros(frame.shape, np.float32) for name in CHANNELS}
        return {**maps, "foreground": sharp.astype(np.float32), "distance": (depth / most[labels])}
