"""Losses of overlap and of pixels; weights let pixels count more, less or not at all."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def soft_dice_loss(
    logits: Tensor, target: Tensor, weight: Tensor | None = None, smooth: float = 1.0, of_batch: bool = False
) -> Tensor:
    """1 - soft Dice, averaged over the batch, or of the batch as one image.

    logits, target, weight : Tensor of shape (N, H, W); target in {0, 1}.
    `smooth` keeps an empty mask, correctly predicted empty, at loss 0. What most images have none of is to be
    learnt by `of_batch`: alone, each empty image pulls as hard towards nothing as others towards something.
    """
    prob = logits.sigmoid()
    if weight is None:
        weight = torch.ones_like(prob)
    dims = None if of_batch else (1, 2)
    overlap = (prob * target * weight).sum(dims)
    total = ((prob + target) * weight).sum(dims)
    return (1 - (2 * overlap + smooth) / (total + smooth)).mean()


def weighted_bce(logits: Tensor, target: Tensor, weight: Tensor, positive: float = 1.0) -> Tensor:
    """Binary cross-entropy over weighted pixels; those of target 1 count `positive` times."""
    loss = binary_cross_entropy_with_logits(logits, target, reduction="none")
    weight = weight * (1 + (positive - 1) * target)
    return (loss * weight).sum() / weight.sum().clamp_min(1)


def dice_bce(
    logits: Tensor, target: Tensor, weight: Tensor, positive: float = 1.0, of_batch: bool = False
) -> Tensor:
    """The paper's loss, 0.5 Dice + 0.5 BCE."""
    dice = soft_dice_loss(logits, target, weight, of_batch=of_batch)
    return 0.5 * dice + 0.5 * weighted_bce(logits, target, weight, positive)
