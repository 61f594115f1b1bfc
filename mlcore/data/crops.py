"""Crops to learn from, each a function of the seed and its number alone, so that a training can go on."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from mlcore.data import augment, peer_targets, targets
from mlcore.data.examples import load
from mlcore.data.sampling import CANONICAL_PX, levelled, levels_of, normalised, resampled
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

    Of frames that people drew boxes on it has a fourth part, (K, 4): x0, y0, x1, y1 of the particles of which
    nothing but a box is known. Their pixels have no weight. `collated` makes batches of both kinds.

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
    outlines = [outline * zoom_xy for outline in example.outlines]
    boxes = _corners_of(example, zoom_xy)
    row, column = _corner(rng, frame.shape, outlines + list(boxes.reshape(-1, 2, 2)), crop_px)
    crop, is_inside = _cut(frame, row, column, crop_px)
    crop = levelled(crop, levels_of(frame))
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
    boxes = boxes - np.array([column, row, column, row])
    boxes = boxes[(boxes[:, 2:] > 0).all(1) & (boxes[:, :2] < crop_px).all(1)]
    for rows, columns in _windows(boxes, crop_px):
        weight[rows, columns] = 0
    if keep and not len(boxes) and rng.random() < REPAINTED:
        labels, _ = targets.label_map([outlines[k] - (column, row) for k in keep], crop.shape)
        crop = normalised(augment.repainted(rng, labels, maps[DISTANCE]))
    crop = augment.augmented(rng, crop)
    if rng.random() < 0.08:
        crop, there = augment.stamped(rng, crop)
        weight[there & (maps[0] > 0)] = 0
        hidden = [there[rows, columns].any() for rows, columns in _windows(boxes, crop_px)]
        boxes = boxes[~np.array(hidden, bool)]
    turn = augment.symmetry(rng)
    maps = turn(maps)
    if mode in PEERS:  # rays and flows have directions: they are those of the turned crop
        labels, _ = targets.label_map([outlines[k] - (column, row) for k in keep], crop.shape)
        maps = PEERS[mode](turn(labels), maps)
    item = turn(crop)[None].astype(np.float32), maps, turn(weight)[None]
    if example.boxes is None:
        return item
    return *item, augment.turned_boxes(boxes, turn, crop_px).astype(np.float32)


def collated(items):
    """A batch of items; where any has boxes they come last, (N, K, 4), empty ones behind."""
    plain = [torch.stack([torch.as_tensor(one[k]) for one in items]) for k in range(3)]
    boxes = [torch.as_tensor(one[3]) if len(one) > 3 else torch.zeros(0, 4) for one in items]
    return plain + [pad_sequence(boxes, batch_first=True)] if any(len(one) > 3 for one in items) else plain


def _corners_of(example, zoom_xy):
    """x0, y0, x1, y1 of boxes (B, 4) at a zoom."""
    x, y, width, height = (np.zeros((0, 4)) if example.boxes is None else example.boxes).T
    return np.stack([x, y, x + width, y + height], axis=1) * np.tile(zoom_xy, 2)


def _windows(boxes, crop_px):
    """Pixels of boxes, and one more on each side: people draw no finer."""
    low = np.clip(np.floor(boxes[:, :2]) - 1, 0, crop_px).astype(int)
    high = np.clip(np.ceil(boxes[:, 2:]) + 1, 0, crop_px).astype(int)
    return [
        (slice(y0, y1), slice(x0, x1)) for (x0, y0), (x1, y1) in zip(low.tolist(), high.tolist(), strict=True)
    ]


@lru_cache(maxsize=64)
def _loaded(path):
    return load(Path(path))


def _zoom(rng, example, crop_px):
    wanted = CANONICAL_PX * JITTER ** rng.uniform(-1, 1)
    seen = example.ecd_px[~np.asarray(example.is_ignored, bool)] if len(example.outlines) else np.array([])
    if example.boxes is not None:  # an ellipse's diameter is the mean side of its box
        seen = np.concatenate([seen, np.sqrt(example.boxes[:, 2] * example.boxes[:, 3])])
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
