"""Crops to learn from, each a function of the seed and its number alone, so that a training can go on."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from mlcore.data import augment, peer_targets, targets
from mlcore.data.examples import load
from mlcore.data.sampling import CANONICAL_PX, normalised, resampled
from mlcore.nets.channels import CHANNELS

ZOOM_LIMITS = (0.25, 2.0)
JITTER = 2.0  # the network sees medians from 24 / 2 to 24 * 2 px
ON_PARTICLE = 0.75
REPAINTED = 0.2  # of crops get grey levels that belong to no instrument
DISTANCE = CHANNELS.index("distance")
PEERS = {
    "stardist": lambda labels, maps: peer_targets.stardist_maps(labels, maps[DISTANCE]),
    "flows": lambda labels, maps: peer_targets.flow_maps(labels),
}


class Crops(Dataset):
    """Item k is (crop (1, P, P), maps (C, P, P), weight (1, P, P)), float32.

    Parameters
    ----------
    sources : sequence of (share, sequence of paths)
        Files that `examples.save` wrote, and how often each group of them is drawn.
    length : int
        Number of items, all different.
    mode : str
        Of the network that learns: its maps, by CHANNELS_OF ("paper" takes the first of ours).
    """

    def __init__(self, sources, *, crop_px, seed, length, first=0, mode="ours"):
        shares = np.array([share for share, _ in sources], float)
        self.shares = shares / shares.sum()
        self.files = [[str(path) for path in paths] for _, paths in sources]
        self.crop_px, self.seed, self.length, self.first = crop_px, seed, length, first
        self.mode = mode

    def __len__(self):
        return self.length - self.first

    def __getitem__(self, k):
        rng = np.random.default_rng([self.seed, self.first + k])
        files = self.files[int(rng.choice(len(self.shares), p=self.shares))]
        example = _loaded(files[int(rng.integers(len(files)))])
        return crop_of(rng, example, self.crop_px, self.mode)


def crop_of(rng, example, crop_px, mode="ours"):
    """One crop of an example, at a scale near the canonical one, with its maps."""
    zoom = _zoom(rng, example, crop_px)
    frame, zoom_xy = resampled(example.image, zoom)
    frame = normalised(frame)
    outlines = [outline * zoom_xy for outline in example.outlines]
    row, column = _corner(rng, frame.shape, outlines, crop_px)
    crop, is_inside = _cut(frame, row, column, crop_px)
    keep = [
        k
        for k, one in enumerate(outlines)
        if (one.max(0) > (column, row)).all() and (one.min(0) < (column + crop_px, row + crop_px)).all()
    ]
    maps, weight = targets.build(
        [outlines[k] - (column, row) for k in keep],
        np.asarray(example.kinds)[keep], np.asarray(example.is_ignored)[keep], crop.shape,
    )  # fmt: skip
    weight = np.where(is_inside, weight, 0).astype(np.float32)
    if keep and rng.random() < REPAINTED:
        labels, _ = targets.label_map([outlines[k] - (column, row) for k in keep], crop.shape)
        crop = normalised(augment.repainted(rng, labels, maps[DISTANCE]))
    crop = augment.augmented(rng, crop)
    if rng.random() < 0.08:
        crop, there = augment.stamped(rng, crop)
        weight[there & (maps[0] > 0)] = 0
    turn = augment.symmetry(rng)
    maps = turn(maps)
    if mode in PEERS:  # rays and flows have directions: they are those of the turned crop
        labels, _ = targets.label_map([outlines[k] - (column, row) for k in keep], crop.shape)
        maps = PEERS[mode](turn(labels), maps)
    return turn(crop)[None].astype(np.float32), maps, turn(weight)[None]


@lru_cache(maxsize=64)
def _loaded(path):
    return load(Path(path))


def _zoom(rng, example, crop_px):
    wanted = CANONICAL_PX * JITTER ** rng.uniform(-1, 1)
    seen = example.ecd_px[~np.asarray(example.is_ignored, bool)] if len(example.outlines) else np.array([])
    zoom = wanted / np.median(seen) if len(seen) else 2.0 ** rng.uniform(-1, 1)
    # Never less of a frame than a crop, where the frame has that much.
    least = min(crop_px / min(example.image.shape), 1.0)
    return float(np.clip(zoom, max(ZOOM_LIMITS[0], least), ZOOM_LIMITS[1]))


def _corner(rng, shape, outlines, crop_px):
    room = np.maximum(np.array(shape) - crop_px, 0)
    if outlines and rng.random() < ON_PARTICLE:
        extent = np.array([np.ptp(one, axis=0).max() for one in outlines])
        # Uniform over the logarithm of size: rare sizes are seen as often as common ones.
        bins = np.floor(np.log2(np.maximum(extent, 1)) * 2)
        of_bin = rng.choice(np.unique(bins))
        one = outlines[int(rng.choice(np.flatnonzero(bins == of_bin)))]
        x, y = one.mean(0) + rng.uniform(-crop_px / 3, crop_px / 3, 2)
        corner = np.array([y, x]) - crop_px / 2
    else:
        corner = rng.uniform(0, room + 1e-9)
    return np.clip(np.floor(corner), 0, room).astype(int).tolist()


def _cut(frame, row, column, crop_px):
    crop = frame[row : row + crop_px, column : column + crop_px]
    is_inside = np.ones(crop.shape, bool)
    missing = [(0, crop_px - side) for side in crop.shape]
    if any(end for _, end in missing):
        crop = np.pad(crop, missing, mode="symmetric" if min(crop.shape) * 2 >= crop_px else "edge")
        is_inside = np.pad(is_inside, missing)
    return crop, is_inside
