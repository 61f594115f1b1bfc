"""Stage 1: a U-Net over a ResNet-34 that gives several maps of a micrograph."""

import segmentation_models_pytorch as smp
import torch
from torch import nn

from mlcore.nets.channels import CHANNELS

# Rare things start as rare, or the first steps are lost in unlearning them everywhere
# (T.-Y. Lin et al., Focal loss, ICCV 2017, section 4.1).
START = {"centre": -4.6, "border": -3.0, "overlap": -3.0, "log_ecd": 3.0}
WIDTHS = {1.0: (64, 128, 256, 512), 0.5: (32, 64, 128, 256), 0.25: (16, 32, 64, 128)}


def build_detector(width: float = 0.5, channels=CHANNELS) -> nn.Module:
    """A U-Net with a ResNet-34 encoder of one image channel, trained from scratch.

    Parameters
    ----------
    width : float
        1 is ResNet-34 as published (24 M parameters), 0.5 half as wide everywhere (6 M, a quarter of the
        arithmetic).
    channels : sequence of str
        Names of the output channels; one alone is the paper's detector.

    Raises
    ------
    ValueError
        If the width is none of 1, 0.5, 0.25.
    """
    if width not in WIDTHS:
        raise ValueError(f"A detector is 1, 0.5 or 0.25 wide, got {width}.")
    if width == 1.0:
        net = smp.Unet("resnet34", encoder_weights=None, in_channels=1, classes=len(channels))
    else:
        narrow = tuple(max(int(n * width), 16) for n in (256, 128, 64, 32, 16))
        net = smp.Unet(
            "tu-resnet34", encoder_weights=None, in_channels=1, classes=len(channels),
            decoder_channels=narrow, channels=WIDTHS[width], stem_width=WIDTHS[width][0],
        )  # fmt: skip
    with torch.no_grad():
        bias = net.segmentation_head[0].bias
        for k, name in enumerate(channels):
            bias[k] = START.get(name, 0.0)
    return net


class Seen(nn.Module):
    """A detector that also tells what its encoder saw: maps (N, C, H, W) and mean features (N, F)."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.net.encoder(image)
        maps = self.net.segmentation_head(self.net.decoder(features))
        return maps, features[-1].mean((2, 3))


def n_parameters(module: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(one.numel() for one in module.parameters())
