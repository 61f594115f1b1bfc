"""Stage 2: a small ResNet that looks at one particle and corrects what its outline says of it."""

import torch
from torch import Tensor, nn

from mlcore.data.feature_crops import CHANNELS, KINDS, TARGETS

# Those of ResNet-18 (K. He et al., CVPR 2016) at a quarter of the width; the first a little wider, because
# there, at a quarter of the crop's sampling, edges are seen best.
WIDTHS = (24, 32, 64, 112)
BLOCKS = 2
# Means and logarithms of variances of TARGETS in units of feature_crops.UNIT, whether the frame cuts the
# particle, and its class.
OUTPUTS = {"ours": 2 * len(TARGETS) + 1 + KINDS, "paper": len(TARGETS)}


class Block(nn.Module):
    """Two 3 x 3 convolutions around which the input goes."""

    def __init__(self, n_in: int, n_out: int, stride: int):
        super().__init__()
        self.first = nn.Sequential(_convolution(n_in, n_out, stride), nn.ReLU(inplace=True))
        self.second = _convolution(n_out, n_out, 1)
        self.around = nn.Identity()
        if stride > 1 or n_in != n_out:
            self.around = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(x)) + self.around(x))


class FeatureNet(nn.Module):
    """(N, 4, 64, 64) crops by `feature_crops.CHANNELS` -> (N, K) answers; K by OUTPUTS and the mode."""

    def __init__(self, mode: str = "ours"):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(len(CHANNELS), 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        )
        blocks, n = [], 16
        for width in WIDTHS:
            for k in range(BLOCKS):
                blocks.append(Block(n, width, 2 if k == 0 else 1))
                n = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(n, OUTPUTS[mode])
        with torch.no_grad():  # at first the outline is right
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()
            if mode == "paper":
                self.head.bias.copy_(torch.tensor([0.9, 1.3, 0.8]))  # about what most particles have

    def forward(self, crops: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(crops)).mean((2, 3)))


def build_featurenet(mode: str = "ours") -> FeatureNet:
    """A FeatureNet; ValueError if the mode is neither "ours" nor "paper"."""
    if mode not in OUTPUTS:
        raise ValueError(f"mode must be “ours” or “paper”, got “{mode}”.")
    return FeatureNet(mode)


def _convolution(n_in, n_out, stride):
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out))
