"""Batches for FeatureNet, each a function of the seed and its number alone, so that a training can go on."""

import numpy as np

from mlcore.data import augment, feature_crops
from mlcore.data.feature_shards import loaded

CENTRE_JITTER, SIZE_JITTER = 0.10, 0.15  # of a predicted box, shares of its longer side
MAPS_CHANGED, OUTLINE_CHANGED = 0.5, 0.3
OUTLINE_SPREAD = 0.04  # of the logarithm of an outline's size, where it is changed


class Batches:
    """Batch k is a dict of arrays of B particles drawn from shards.

    crops (B, 4, 64, 64); found and true (B, 3): ECD in px of the maps, aspect ratio, roundness; sides (B,):
    the longer side of the crop's box in those px; is_sized, is_truncated (B,); kinds (B,).

    Parameters
    ----------
    paths : sequence of Path
        Shards of the training part.
    """

    def __init__(self, paths, *, batch_size, seed):
        self.batch_size, self.seed = batch_size, seed
        self.paths = [str(path) for path in paths]
        owners, numbers, strata = [], [], []
        for at, path in enumerate(self.paths):
            shard = loaded(path)
            n = len(shard.outlines)
            owners += [at] * n
            numbers += range(n)
            size = np.floor(2 * np.log2(np.maximum(shard.found[:, 0], 1)))
            strata += (size * 10 + shard.kinds).astype(int).tolist()
        if not owners:
            raise ValueError(
                "The detector found no true particle in the training scenes; train it for longer."
            )
        self.owners, self.numbers = np.array(owners), np.array(numbers)
        # Sizes and classes that are rare are drawn more often, by the square root of how rare they are.
        _, stratum, counts = np.unique(strata, return_inverse=True, return_counts=True)
        weight = 1 / np.sqrt(counts[stratum])
        self.share = weight / weight.sum()

    def __getitem__(self, k):
        rng = np.random.default_rng([self.seed, k])
        drawn = np.sort(rng.choice(len(self.owners), self.batch_size, p=self.share))
        made = [
            _disturbed(rng, loaded(self.paths[at]), self.numbers[drawn[self.owners[drawn] == at]])
            for at in np.unique(self.owners[drawn])
        ]
        return {name: np.concatenate([one[name] for one in made]) for name in made[0]}


def plain(shard, chosen=None):
    """A batch of a shard's particles as they are in use: nothing disturbed."""
    chosen = np.arange(len(shard.outlines)) if chosen is None else chosen
    outlines = [shard.outlines[k] for k in chosen]
    crops = feature_crops.cut(shard.frame, shard.maps, outlines)
    return _batch(shard, chosen, crops, shard.found[chosen], feature_crops.boxes(outlines)[1])


def _disturbed(rng, shard, chosen):
    n = len(chosen)
    outlines, found = [shard.outlines[k] for k in chosen], shard.found[chosen].copy()
    for k in np.flatnonzero(rng.random(n) < OUTLINE_CHANGED):
        factor = float(np.exp(rng.normal(0, OUTLINE_SPREAD)))
        center = outlines[k].mean(0)
        outlines[k] = center + factor * (outlines[k] - center)
        found[k, 0] *= factor
    stretch = 1 + rng.uniform(-SIZE_JITTER, SIZE_JITTER, n)
    crops = feature_crops.cut(
        shard.frame, shard.maps, outlines, rng.uniform(-CENTRE_JITTER, CENTRE_JITTER, (n, 2)), stretch
    )
    _change_maps(rng, crops)
    crops[:, 0] *= rng.choice((-1.0, 1.0), (n, 1, 1), p=(0.3, 0.7)).astype(np.float32)
    crops[:, 0] += (
        rng.uniform(0, 0.3, (n, 1, 1)) ** 2 * rng.standard_normal(crops[:, 0].shape, np.float32)
    ).astype(np.float32)
    for k in range(n):
        crops[k] = augment.symmetry(rng)(crops[k])
    return _batch(shard, chosen, crops, found, feature_crops.boxes(outlines)[1] * stretch)


def _change_maps(rng, crops):
    """The probability surer or less sure, and biased; the distance flatter or steeper: in place."""
    for k in np.flatnonzero(rng.random(len(crops)) < MAPS_CHANGED):
        prob = np.clip(crops[k, 1], 1e-3, 1 - 1e-3)
        logit = np.log(prob / (1 - prob)) * rng.uniform(0.7, 1.4) + rng.normal(0, 0.3)
        crops[k, 1] = 1 / (1 + np.exp(-logit))
        crops[k, 2] = np.clip(crops[k, 2], 0, 1) ** rng.uniform(0.8, 1.25)


def _batch(shard, chosen, crops, found, sides):
    return {
        "crops": crops, "found": found, "sides": sides, "true": shard.true[chosen],
        "is_sized": shard.is_sized[chosen], "is_truncated": shard.is_truncated[chosen],
        "kinds": np.asarray(shard.kinds)[chosen].astype(np.int64),
    }  # fmt: skip
