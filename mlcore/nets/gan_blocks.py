"""Bottlenecks of ResNet-50 (K. He et al., CVPR 2016), as a discriminator goes down and a generator up."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

STAGES = (3, 4, 6, 3)  # of ResNet-50, from the finest; a generator goes through them backwards
PLANES = (64, 128, 256, 512)  # inside a bottleneck; four times as many leave it
EXPANSION = 4
SLOPE = 0.2
HIDDEN = 32  # between maps and what they do to a layer (T. Park et al., SPADE, CVPR 2019, have 128)
LEAST = 4


def channels(n, width):
    """`n` channels of full width, at least a few, a multiple of 4."""
    return max(round(n * width / 4) * 4, LEAST)


class Down(nn.Module):
    """A bottleneck of the discriminator; no normalisation but that of its weights' spectra."""

    def __init__(self, before: int, planes: int, halves: bool):
        super().__init__()
        after = EXPANSION * planes
        self.halves = halves
        self.convs = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, side, padding=side // 2))
            for a, b, side in ((before, planes, 1), (planes, planes, 3), (planes, after, 1))
        )
        self.skip = None if before == after else spectral_norm(nn.Conv2d(before, after, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for conv in self.convs:
            y = conv(functional.leaky_relu(y, SLOPE))
        x = x if self.skip is None else self.skip(x)
        return functional.avg_pool2d(x + y, 2) if self.halves else x + y


class Modulated(nn.Module):
    """Each pixel's channels to unit length, then scaled and moved by the condition vector and by maps.

    Lengths are of one pixel (T. Karras et al., ICLR 2018), never of a whole frame: a frame refined in tiles
    is the frame refined whole, and patches teach what holds for frames.
    """

    def __init__(self, n: int, n_vector: int, n_maps: int, width: float):
        super().__init__()
        self.of_vector = nn.Linear(n_vector, 2 * n)
        hidden = channels(HIDDEN, min(2 * width, 1))
        self.of_maps = n_maps and nn.Sequential(
            nn.Conv2d(n_maps, hidden, 3, padding=1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(hidden, 2 * n, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: torch.Tensor, vector: torch.Tensor, maps: torch.Tensor | None) -> torch.Tensor:
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)
        by = self.of_vector(vector)[..., None, None]
        if self.of_maps:
            by = by + self.of_maps(maps)
        scale, shift = by.chunk(2, dim=1)
        return x * (1 + scale) + shift


class Up(nn.Module):
    """A bottleneck of the generator: modulated once, before its 3 x 3 convolution."""

    def __init__(self, before: int, planes: int, doubles: bool, n_vector: int, n_maps: int, width: float):
        super().__init__()
        after = EXPANSION * planes
        self.doubles = doubles
        self.first, self.middle = nn.Conv2d(before, planes, 1), nn.Conv2d(planes, planes, 3, padding=1)
        self.last = nn.Conv2d(planes, after, 1)
        self.modulated = Modulated(planes, n_vector, n_maps, width)
        self.skip = None if before == after else nn.Conv2d(before, after, 1, bias=False)
        nn.init.zeros_(self.last.weight)  # a branch begins as nothing (P. Goyal et al., 2017)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: torch.Tensor, vector: torch.Tensor, maps: torch.Tensor | None) -> torch.Tensor:
        if self.doubles:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        y = self.first(functional.leaky_relu(x, SLOPE))
        y = self.middle(functional.leaky_relu(self.modulated(y, vector, maps), SLOPE))
        y = self.last(functional.leaky_relu(y, SLOPE))
        return (x if self.skip is None else self.skip(x)) + y
