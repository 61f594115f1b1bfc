"""What FeatureNet learns from: frames with a trained detector's maps and the particles it found in them.

A shard keeps the canonical frame and the maps rather than crops, so that every crop of a training has boxes
and maps disturbed anew.
"""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from annotations.shape import measure_many, touches_border
from mlcore.data import augment, targets
from mlcore.data.sampling import CANONICAL_PX, normalised, resampled
from mlcore.evaluation.matching import label_iou, match
from mlcore.inference.decode import instances

ZOOM_LIMITS = (0.25, 2.0)
# Factors about the canonical scale: in use half an octave is near enough; to learn from, more.
PLAIN_JITTER, WIDE_JITTER = 1.4, 1.8
WINDOW_PX = 512  # of a canonical frame, a side at most: what is cut by it is truncated
PARTS = {"train": 0.70, "calibration": 0.15, "test": 0.15}
IOU = 0.5


@dataclass(frozen=True)
class Shard:
    """A canonical frame (H, W), maps (H, W) of 0 to 1, and K particles found in it that are true ones.

    `outlines` are as found, pixels of the frame. `found` and `true` (K, 3) are ECD in those pixels, aspect
    ratio and roundness of the outline and of the whole particle, NaN where not known. `is_truncated` (K,)
    says that the frame cuts the particle, `kinds` (K,) which of KINDS it is.
    """

    frame: np.ndarray
    maps: dict
    outlines: list
    found: np.ndarray
    true: np.ndarray
    is_truncated: np.ndarray
    kinds: np.ndarray
    group: str

    @property
    def is_sized(self):
        """Which particles (K,) have a true size to learn: known, and not cut by the frame."""
        cut = np.array([touches_border(one, self.frame.shape[::-1]) for one in self.outlines], bool)
        return np.isfinite(self.true[:, 0]) & ~self.is_truncated & ~cut


def make(example, detect, rng, *, is_plain):
    """A shard of one example.

    Parameters
    ----------
    detect : callable
        Canonical frame (H, W) -> dict of maps, as `decode.instances` takes them.
    is_plain : bool
        As in use: the canonical scale or one up to 1.4 times off, no augmentation. Otherwise a scale of
        0.56 to 1.8 times that and the changes of `mlcore/data/augment.py`.
    """
    zoom = _zoom(rng, example, PLAIN_JITTER if is_plain else WIDE_JITTER)
    frame, zoom_xy = resampled(example.image, zoom)
    frame = normalised(frame)
    corner = [int(rng.integers(max(side - WINDOW_PX, 0) + 1)) for side in frame.shape[::-1]]
    frame = frame[corner[1] : corner[1] + WINDOW_PX, corner[0] : corner[0] + WINDOW_PX]
    if not is_plain:
        frame = augment.augmented(rng, frame)
    frame = np.ascontiguousarray(frame, np.float32)
    true, size = [one * zoom_xy - corner for one in example.outlines], np.array(frame.shape[::-1])
    maps = detect(frame)
    seen = [one.outline for one in instances(maps)]
    shapes, seen = _measured(seen)
    iou = label_iou(*(targets.label_map(some, frame.shape)[0] for some in (true, seen)))
    # A label map ends with its last particle that shows.
    whole = np.zeros((len(true), len(seen)))
    whole[: iou.shape[0], : iou.shape[1]] = iou
    usable = ~np.asarray(example.is_ignored, bool)
    pairs = match(np.where(usable[:, None], whole, 0), IOU).pairs
    sizes, cut = _truth(example, float(np.sqrt(np.prod(zoom_xy))))
    beyond = np.array([(one.min(0) < 0).any() or (one.max(0) > size).any() for one in true], bool)
    which, at = pairs.T
    return Shard(
        frame=frame,
        maps={name: maps[name].astype(np.float32) for name in ("foreground", "distance")},
        outlines=[seen[k] for k in at],
        found=shapes[at],
        true=sizes[which],
        is_truncated=(cut | beyond)[which] if len(true) else np.zeros(0, bool),
        kinds=np.asarray(example.kinds)[which],
        group=example.group,
    )


def _zoom(rng, example, jitter):
    seen = example.ecd_px[~np.asarray(example.is_ignored, bool)] if len(example.outlines) else np.array([])
    zoom = (CANONICAL_PX / np.median(seen) if len(seen) else 1.0) * jitter ** rng.uniform(-1, 1)
    return float(np.clip(zoom, *ZOOM_LIMITS))


def _truth(example, zoom):
    """ECD in canonical pixels, aspect ratio and roundness (K, 3), and what the frame cuts (K,)."""
    n = len(example.outlines)
    if example.is_box_only:
        return np.full((n, 3), np.nan), np.zeros(n, bool)
    sizes, cut = example.sizes, example.is_truncated
    if sizes is None or cut is None:
        # Of drawn outlines nothing more is known than what they show, also where another lies on top.
        limits = example.image.shape[::-1]
        cut = np.array([touches_border(one, limits) for one in example.outlines], bool)
        shapes, kept = _measured(example.outlines)
        sizes = np.full((n, 3), np.nan)
        if len(kept) == n:
            sizes = shapes
    return np.asarray(sizes, float).reshape(n, 3) * (zoom, 1, 1), np.asarray(cut, bool)


def _measured(outlines):
    """Sizes (K, 3) of the outlines that enclose an area, and those outlines."""
    kept, rows = [], []
    for outline in outlines:
        try:
            (one,) = measure_many([outline])
        except ValueError:  # a line, or one that crosses itself: has no size
            continue
        kept.append(outline)
        rows.append((one.ecd_px, one.aspect_ratio or np.nan, one.roundness or np.nan))
    return np.array(rows, float).reshape(-1, 3), kept


def save(shard, path):
    """One file a shard, whole or not at all; maps in 255 steps."""
    path = Path(path)
    points = np.concatenate(shard.outlines) if shard.outlines else np.zeros((0, 2))
    part = path.with_suffix(".part.npz")
    np.savez(
        part, frame=shard.frame.astype(np.float16), points=points.astype(np.float32),
        lengths=np.array([len(one) for one in shard.outlines], np.int64), found=shard.found, true=shard.true,
        is_truncated=shard.is_truncated, kinds=shard.kinds, group=np.array(json.dumps(shard.group)),
        **{name: np.rint(values * 255).astype(np.uint8) for name, values in shard.maps.items()},
    )  # fmt: skip
    os.replace(part, path)


def load(path):
    """What `save` wrote."""
    with np.load(Path(path), allow_pickle=False) as stored:
        lengths = stored["lengths"]
        points = stored["points"].astype(np.float64)
        return Shard(
            frame=stored["frame"].astype(np.float32),
            maps={name: stored[name].astype(np.float32) / 255 for name in ("foreground", "distance")},
            outlines=np.split(points, np.cumsum(lengths)[:-1]) if len(lengths) else [],
            found=stored["found"], true=stored["true"], is_truncated=stored["is_truncated"],
            kinds=stored["kinds"], group=json.loads(str(stored["group"])),
        )  # fmt: skip


@lru_cache(maxsize=1024)  # about two megabytes each
def loaded(path):
    """A shard that is kept in memory; `path` as text."""
    return load(path)


def parts(groups, seed):
    """Which part each group (scene or specimen) belongs to, so that none is on two sides.

    Returns
    -------
    dict of str to str
        Group -> "train", "calibration" or "test".

    Raises
    ------
    ValueError
        With fewer groups than parts.
    """
    groups = sorted(set(groups))
    if len(groups) < len(PARTS):
        raise ValueError(
            f"A split needs at least {len(PARTS)} scenes or specimens, the sources have {len(groups)}."
        )
    order = np.random.default_rng([seed, 70]).permutation(len(groups))
    ends = np.cumsum([max(round(share * len(groups)), 1) for share in PARTS.values()])
    ends[0] -= max(int(ends[-1]) - len(groups), 0)
    ends[1] = min(int(ends[1]), len(groups) - 1)
    which = np.searchsorted(ends[:2], np.arange(len(groups)), side="right")
    names = list(PARTS)
    return {groups[k]: names[part] for k, part in zip(order, which, strict=True)}
