"""Losses of a GAN: hinge, R1, and what keeps a refined image true to its label."""

import torch
from torch.nn import functional

RIM_PX = 2
EDGE_BLUR_PX, LEVEL_BLUR_PX = 1.0, 2.0


def hinge_discriminator(real, made):
    """mean max(0, 1 - D(real)) + mean max(0, 1 + D(made)) (J. H. Lim and J. C. Ye, 2017)."""
    return functional.relu(1 - real).mean() + functional.relu(1 + made).mean()


def hinge_generator(made):
    """-mean D(made)."""
    return -made.mean()


def r1(verdicts, images):
    """Mean squared gradient of verdicts (N,) by images (N, ...) (L. Mescheder et al., ICML 2018)."""
    (slope,) = torch.autograd.grad(verdicts.sum(), images, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()


def edge_consistency(made, image, mask):
    """1 - correlation of the steepness of two images on the rims of a mask, 0 where none has a rim.

    All are (N, 1, H, W); steepness is of images blurred by 1 px, so that counting noise has little part.
    """
    side = 2 * RIM_PX + 1
    wide = functional.max_pool2d(mask, side, 1, RIM_PX)
    rim = wide + functional.max_pool2d(-mask, side, 1, RIM_PX) > 0.5
    if not rim.any():
        return made.sum() * 0
    one, other = (_steepness(blurred(x, EDGE_BLUR_PX))[rim] for x in (made, image))
    one, other = one - one.mean(), other - other.mean()
    scale = (one.square().mean() * other.square().mean()).clamp_min(1e-12).sqrt()
    return 1 - (one * other).mean() / scale


def level_distance(made, image):
    """Mean |difference| of two images (N, 1, H, W), both blurred by 2 px."""
    return (blurred(made, LEVEL_BLUR_PX) - blurred(image, LEVEL_BLUR_PX)).abs().mean()


def blurred(x, sigma_px):
    """Gaussian blur of (N, 1, H, W), mirrored at the edges."""
    reach = round(3 * sigma_px)
    at = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-0.5 * (at / sigma_px) ** 2)
    kernel = kernel / kernel.sum()
    x = functional.pad(x, (reach,) * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(x, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))


def _steepness(x):
    down = functional.pad(x[..., 1:, :] - x[..., :-1, :], (0, 0, 0, 1))
    right = functional.pad(x[..., 1:] - x[..., :-1], (0, 1, 0, 0))
    return (down.square() + right.square() + 1e-10).sqrt()
