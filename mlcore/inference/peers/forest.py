"""A random forest on filter features, and a watershed: what ilastik, Weka and ParticleSpy do."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlcore.data.sampling import normalised
from mlcore.data.targets import label_map
from mlcore.inference.peers.common import detections, searched, split
from mlcore.inference.peers.features import N_FEATURES, pixel_features

TREES = 24
DEPTH = 12
LEAF_PIXELS = 10
PIXELS_A_FRAME = 3000
CHUNK = 65536


@dataclass(frozen=True)
class Forest:
    """Trees as arrays (T, nodes): inner nodes ask whether a feature is at most a threshold.

    Kept as plain arrays, so that nothing has to be unpickled, and a site that predicts needs no scikit-learn.
    """

    feature: np.ndarray  # int16, -1 in a leaf
    threshold: np.ndarray  # float32
    left: np.ndarray  # int32
    right: np.ndarray
    share: np.ndarray  # float32: of particle pixels in the node

    def probability(self, features):
        """Of pixels (N, N_FEATURES) to lie on a particle, (N,)."""
        out = np.zeros(len(features), np.float32)
        for first in range(0, len(features), CHUNK):
            part = features[first : first + CHUNK]
            pixel = np.arange(len(part))
            for tree in range(len(self.feature)):
                node = np.zeros(len(part), np.int32)
                for _ in range(DEPTH):
                    asked = self.feature[tree][node]
                    goes_left = part[pixel, np.maximum(asked, 0)] <= self.threshold[tree][node]
                    after = np.where(goes_left, self.left[tree][node], self.right[tree][node])
                    node = np.where(asked < 0, node, after)
                out[first : first + CHUNK] += self.share[tree][node]
        return out / len(self.feature)

    def save(self, path):
        """Write all arrays to a .npz file."""
        np.savez_compressed(path, **vars(self))

    @classmethod
    def load(cls, path):
        """What `save` wrote; ValueError if it is something else."""
        try:
            with np.load(Path(path), allow_pickle=False) as stored:
                return cls(**{name: stored[name] for name in cls.__dataclass_fields__})
        except (OSError, KeyError, ValueError):
            raise ValueError(f"“{path}” is no random forest; delete it, and it is trained anew.") from None

    @property
    def digest(self):
        """SHA-256 of all arrays."""
        return hashlib.sha256(b"".join(one.tobytes() for one in vars(self).values())).hexdigest()


@dataclass(frozen=True)
class ForestEngine:
    """See `Engine`."""

    forest: Forest
    seed_distance_px: int = 5
    min_area_px2: int = 20

    name = "forest"
    version = "1"

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        """Particles of the pixels that the forest takes for such; confidence is its mean probability."""
        image, factor = searched(image)
        if image is None:
            return []
        features = pixel_features(normalised(image)).reshape(-1, N_FEATURES)
        probability = self.forest.probability(features).reshape(image.shape)
        labels = split(probability > 0.5, self.seed_distance_px)
        return detections(labels, probability, self.min_area_px2, factor)


def train_forest(examples, seed=0):
    """A forest from pixels of labelled frames, as many on particles as beside them.

    Parameters
    ----------
    examples : iterable of Example
        Their outlines say which pixels are a particle's; ignored ones say nothing.

    Raises
    ------
    ValueError
        Without scikit-learn, or without any pixel of either kind.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise ValueError("To train a random forest scikit-learn is needed: ./etem setup dev.") from None

    rng = np.random.default_rng(seed)
    pixels, kinds = [], []
    for example in examples:
        image, factor = searched(example.image)
        if image is None:
            continue
        labels, _ = label_map([one / factor for one in example.outlines], image.shape)
        ignored = np.concatenate([[False], np.asarray(example.is_ignored, bool)])[labels]
        features = pixel_features(normalised(image))
        for kind, where in ((0, labels == 0), (1, (labels > 0) & ~ignored)):
            places = np.flatnonzero(where)
            places = rng.choice(places, min(len(places), PIXELS_A_FRAME // 2), replace=False)
            pixels.append(features.reshape(-1, N_FEATURES)[places])
            kinds.append(np.full(len(places), kind))
    kinds = np.concatenate(kinds) if kinds else np.zeros(0, int)
    if len(np.unique(kinds)) < 2:
        raise ValueError("A random forest needs frames with pixels on particles and beside them.")
    trained = RandomForestClassifier(
        TREES,
        max_depth=DEPTH,
        min_samples_leaf=LEAF_PIXELS,
        class_weight="balanced",
        random_state=seed,
        n_jobs=1,
    ).fit(np.concatenate(pixels), kinds)
    return _arrays([one.tree_ for one in trained.estimators_])


def _arrays(trees):
    most = max(tree.node_count for tree in trees)

    def padded(values, dtype):
        return np.stack([np.pad(one.astype(dtype), (0, most - len(one))) for one in values])

    share = [tree.value[:, 0, 1] / tree.value[:, 0].sum(-1) for tree in trees]
    feature = [np.where(tree.children_left < 0, -1, tree.feature) for tree in trees]
    return Forest(
        padded(feature, np.int16), padded([tree.threshold for tree in trees], np.float32),
        padded([np.maximum(tree.children_left, 0) for tree in trees], np.int32),
        padded([np.maximum(tree.children_right, 0) for tree in trees], np.int32),
        padded(share, np.float32),
    )  # fmt: skip
