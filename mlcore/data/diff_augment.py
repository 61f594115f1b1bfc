"""DiffAugment (S. Zhao et al., NeurIPS 2020): what a discriminator sees is moved, covered and relit.

Both real and made images go through, and gradients go back through it: the few real ones cannot be learnt by
heart, and none of the changes shows in what is made.
"""

import torch
from torch.nn import functional

SHIFT = 1 / 8  # of the side
COVER = 1 / 2
BRIGHTNESS, CONTRAST = 0.25, 0.5


def diff_augment(images, draw):
    """Images (N, 1, H, W), each changed by its own chance.

    Parameters
    ----------
    draw : torch.Generator
        On the CPU, so that a seed means the same wherever it is trained.
    """
    n, _, height, width = images.shape

    def chance():
        return torch.rand(n, generator=draw).to(images.device)

    light, strength = chance().view(n, 1, 1, 1), chance().view(n, 1, 1, 1)
    middle = images.mean((1, 2, 3), keepdim=True)
    images = (images - middle) * (1 + CONTRAST * (2 * strength - 1)) + middle + BRIGHTNESS * (2 * light - 1)
    return _covered(_moved(images, chance(), chance()), chance(), chance(), height, width)


def _moved(images, x, y):
    n, _, height, width = images.shape
    reach = max(int(SHIFT * height), 1), max(int(SHIFT * width), 1)
    padded = functional.pad(images, (reach[1], reach[1], reach[0], reach[0]))
    top = (y * (2 * reach[0] + 1)).long().clamp_max(2 * reach[0])
    left = (x * (2 * reach[1] + 1)).long().clamp_max(2 * reach[1])
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = left[:, None] + torch.arange(width, device=images.device)
    every = torch.arange(n, device=images.device)[:, None, None]
    return padded[every, 0, rows[:, :, None], columns[:, None, :]][:, None]


def _covered(images, x, y, height, width):
    rows = torch.arange(height, device=images.device)[None, :]
    columns = torch.arange(width, device=images.device)[None, :]
    in_rows = (rows - (y * height)[:, None]).abs() < COVER * height / 2
    in_columns = (columns - (x * width)[:, None]).abs() < COVER * width / 2
    return images * ~(in_rows[:, :, None] & in_columns[:, None, :])[:, None]
