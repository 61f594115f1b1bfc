"""What a GAN makes on its way, of the same scenes and noise each time: figures, and pictures for people."""

import numpy as np
import torch

from mlcore.data.gan_batches import GanBatches, patches
from mlcore.evaluation.kid import Extractor, kid
from mlcore.nets.gan import LATENT, NOISE_MAPS, build_generator
from mlcore.training.watching import tiles

PATCHES, SHOWN = 32, 8


class GanWatch:
    """Called with a generator's weights: KID-etem to real patches, how far it changes levels, and a sheet.

    Parameters
    ----------
    scenes, held_out : sequence of Path
        Simulated scenes, and validation examples whose images are real.
    """

    def __init__(self, config, scenes, held_out, device="cpu"):
        self.net, self.device = build_generator(config.mode, config.width).to(device), device
        batches = GanBatches(config, scenes, held_out)
        rng = np.random.default_rng(config.seed)
        simulated = [batches.simulated(rng, config.patch_px) for _ in range(PATCHES)]
        self.maps, self.vectors = (
            torch.from_numpy(np.stack(one)).to(device) for one in zip(*simulated, strict=True)
        )
        self.real = patches(held_out, config.patch_px, PATCHES, seed=config.seed)
        n, side = PATCHES, config.patch_px
        shape = (n, NOISE_MAPS, side, side) if self.net.is_refiner else (n, LATENT)
        self.noise = torch.randn(shape, generator=torch.Generator().manual_seed(config.seed)).to(device)
        self.look = Extractor()
        self.seen = self.look(self.real)

    @torch.inference_mode()
    def __call__(self, weights):
        """(figures, list of (name, PNG))."""
        self.net.load_state_dict(weights)
        self.net.eval()
        made = self.net(self.vectors, self.maps, self.noise)[:, 0].cpu().numpy()
        simulated = self.maps[:, 0].cpu().numpy()
        figures = {"kid": kid(self.look(made), self.seen)}
        rows = [simulated, made, self.real]
        names = ("simulated", "made of it" if self.net.is_refiner else "made", "real")
        if self.net.is_refiner:
            figures["change"] = float(np.abs(made - simulated).mean())
        return figures, [(name, tiles(row[:SHOWN])) for name, row in zip(names, rows, strict=True)]
