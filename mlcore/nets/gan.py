"""A conditional GAN of ResNet-50 bottlenecks: what makes images, and what tells them from real ones.

Grey levels are 0 to 1 between the 0.5 and the 99.5 percentile of a frame.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from mlcore.nets.gan_blocks import EXPANSION, PLANES, SLOPE, STAGES, Down, Up, channels
from mlcore.nets.gan_inputs import CONTINUOUS, FAMILY_NAMES, MAPS, VECTOR

MODES = ("refiner", "parametric")
WIDTHS = (0.125, 0.25, 0.5, 1.0)
REACH = 0.5  # of the range of grey levels: the most that a refiner adds to a pixel or takes from it
NOISE_MAPS = 2  # of each resolution, beside the maps: grain does not come from smooth maps
LATENT = 64
HALVINGS = len(STAGES)
MULTIPLE = 2**HALVINGS
SEED_PX = 4
GROUP = 4  # patches whose deviation is compared: a generator of one image only is told by it


def _check(mode, width):
    if mode not in MODES:
        raise ValueError(f"A GAN's mode is one of {', '.join(MODES)}, got “{mode}”.")
    if width not in WIDTHS:
        raise ValueError(f"A GAN is one of {', '.join(map(str, WIDTHS))} wide, got {width}.")


class Generator(nn.Module):
    """Stages 3, 6, 4, 3, each of which doubles the sides; made by `build_generator`."""

    def __init__(self, mode: str, width: float):
        super().__init__()
        self.mode = mode
        self.is_refiner = mode == "refiner"
        planes = [channels(n, width) for n in PLANES]
        now = EXPANSION * planes[-1]
        n_maps = len(MAPS) + NOISE_MAPS if self.is_refiner else 0
        n_vector = len(VECTOR) + (0 if self.is_refiner else LATENT)
        self.seed = (
            nn.Conv2d(n_maps, now, 3, padding=1) if self.is_refiner
            else nn.Linear(n_vector, now * SEED_PX**2)
        )  # fmt: skip
        self.stages = nn.ModuleList()
        for n_blocks, n in zip(reversed(STAGES), reversed(planes), strict=True):
            stage = nn.ModuleList()
            for k in range(n_blocks):
                stage.append(Up(now, n, k == 0, n_vector, n_maps, width))
                now = EXPANSION * n
            self.stages.append(stage)
        self.last = nn.Conv2d(now, 1, 3, padding=1)
        nn.init.normal_(self.last.weight, std=0.01)  # begins with what was simulated, nearly
        nn.init.zeros_(self.last.bias)

    def forward(self, vector, maps=None, noise=None):
        """Images (N, 1, H, W).

        Parameters
        ----------
        vector : Tensor of shape (N, len(VECTOR))
        maps : Tensor of shape (N, len(MAPS), H, W), of a refiner
            H and W multiples of 16; the first is the simulated image, to which a residual is added.
        noise : Tensor, standard normal
            Of a refiner (N, NOISE_MAPS, H, W), else (N, LATENT).
        """
        if not self.is_refiner:
            vector = torch.cat([vector, noise], 1)
            x = self.seed(vector).view(len(vector), -1, SEED_PX, SEED_PX)
            return self._through(x, vector, None).sigmoid()
        levels = [torch.cat([2 * maps - 1, noise], 1)]
        for _ in self.stages:
            # Means of four have half the deviation: noise keeps its own at every resolution.
            smaller = functional.avg_pool2d(levels[-1], 2)
            maps_part, noise_part = smaller.split([len(MAPS), NOISE_MAPS], 1)
            levels.append(torch.cat([maps_part, 2 * noise_part], 1))
        x = self._through(self.seed(levels.pop()), vector, levels)
        return maps[:, :1] + REACH * x.tanh()

    def _through(self, x, vector, levels):
        for stage in self.stages:
            maps = levels.pop() if levels else None
            for block in stage:
                x = block(x, vector, maps)
        return self.last(functional.leaky_relu(x, SLOPE))


class Discriminator(nn.Module):
    """Stages 3, 4, 6, 3, the sides halved at each one's end: real or made, and what is on it.

    `family` of a patch, where told, is compared with what was seen by a projection (T. Miyato, ICLR 2018).
    """

    def __init__(self, width: float):
        super().__init__()
        planes = [channels(n, width) for n in PLANES]
        now = planes[0]
        self.stem = spectral_norm(nn.Conv2d(1, now, 3, padding=1))
        blocks = []
        for n_blocks, n in zip(STAGES, planes, strict=True):
            for k in range(n_blocks):
                blocks.append(Down(now, n, k == n_blocks - 1))
                now = EXPANSION * n
        self.blocks = nn.Sequential(*blocks)
        self.verdict = spectral_norm(nn.Linear(now + 1, 1))
        self.family = spectral_norm(nn.Linear(len(FAMILY_NAMES), now, bias=False))
        self.told = spectral_norm(nn.Linear(now, len(CONTINUOUS)))

    def forward(self, image, family=None):
        """(verdicts (N,), continuous conditions (N, len(CONTINUOUS))) of images (N, 1, H, W)."""
        x = self.blocks(self.stem(2 * image - 1))
        x = functional.leaky_relu(x, SLOPE).sum((2, 3))  # as T. Miyato et al.: a mean would be slow to judge
        verdict = self.verdict(torch.cat([x, _deviation(x)], 1))[:, 0]
        if family is not None:
            verdict = verdict + (self.family(family) * x).sum(1)
        return verdict, self.told(x)


def _deviation(x):
    """How far patches of a group differ, the same for each of them (T. Karras et al., ICLR 2018)."""
    n = len(x)
    group = GROUP if n % GROUP == 0 else n
    grouped = x.view(group, -1, x.shape[1])
    centred = grouped - grouped.mean(0, keepdim=True)
    deviation = (centred.square().mean(0) + 1e-8).sqrt().mean(1)
    return deviation.repeat(group)[:, None]


def build_generator(mode: str = "refiner", width: float = 0.125) -> Generator:
    """A generator of random weights; ValueError if mode or width are none of MODES and WIDTHS."""
    _check(mode, width)
    return Generator(mode, width)


def build_discriminator(width: float = 0.125) -> Discriminator:
    """A discriminator of random weights; ValueError if the width is none of WIDTHS."""
    _check(MODES[0], width)
    return Discriminator(width)
