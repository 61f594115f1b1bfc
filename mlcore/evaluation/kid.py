"""Kernel inception distance (M. Bińkowski et al., ICLR 2018) on an extractor of our own: KID-etem."""

import numpy as np
import torch

from mlcore.data.sampling import normalised
from mlcore.inference.weights import DETECTOR, SHIPPED, load_into, read_model
from mlcore.nets.detector import Seen, build_detector

NAME = "KID-etem"
BATCH = 64


def kid(one, other):
    """Unbiased squared distance of two sets of features (N, F), (M, F) under (x.y / F + 1)^3.

    It is 0 on average for two draws of one source, and may be a little below.
    """
    one, other = (np.asarray(x, np.float64) for x in (one, other))
    n, m = len(one), len(other)
    if min(n, m) < 2:
        raise ValueError(f"Two sets of at least two images each are compared, got {n} and {m}.")

    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    own, others = kernel(one, one), kernel(other, other)
    within = (own.sum() - np.trace(own)) / (n * (n - 1)) + (others.sum() - np.trace(others)) / (m * (m - 1))
    return float(within - 2 * kernel(one, other).mean())


class Extractor:
    """What the shipped detector's encoder sees of patches (N, S, S): mean features (N, F).

    `sha256` is that of its weights; figures of different ones must not be compared.
    """

    def __init__(self, folder=SHIPPED):
        model = read_model(folder)
        self.sha256 = model.about["files"][DETECTOR]
        self.net = Seen(load_into(build_detector(model.about["detector"]["width"]), model.path(DETECTOR)))
        self.net.eval()

    @torch.inference_mode()
    def __call__(self, patches):
        frames = np.stack([normalised(np.asarray(one, np.float32)) for one in patches])[:, None]
        rows = [
            self.net(torch.from_numpy(frames[k : k + BATCH]))[1].numpy() for k in range(0, len(frames), BATCH)
        ]
        return np.concatenate(rows)


def nearest(features, among):
    """Distance of each of `features` (N, F) to the nearest of `among` (M, F)."""
    squares = (features**2).sum(1)[:, None] + (among**2).sum(1) - 2 * features @ among.T
    return np.sqrt(np.maximum(squares.min(1), 0))
