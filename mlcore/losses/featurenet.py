"""FeatureNet's losses: the paper's three squares, and ours that also learns how far to trust itself."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from mlcore.data.feature_crops import TARGETS

BETA = 0.5
KIND_WEIGHT = 0.2
TRUNCATION_WEIGHT = 0.2
LOG_VARIANCE_LIMITS = (-6.0, 8.0)  # in units of feature_crops.UNIT: 0.25 % to 270 %
MOST = 10.0  # units: a pair that differs by half or more is a wrong pair, and must not pull everything


def beta_nll(mean: Tensor, log_variance: Tensor, target: Tensor, beta: float = BETA) -> Tensor:
    """Gaussian negative log likelihood weighted by variance^beta, element by element.

    With 0 what is hard is given up early, with 1 it is least squares
    (M. Seitzer et al., On the pitfalls of heteroscedastic uncertainty estimation, ICLR 2022).
    """
    log_variance = log_variance.clamp(*LOG_VARIANCE_LIMITS)
    loss = 0.5 * (log_variance + (target - mean) ** 2 * torch.exp(-log_variance))
    return loss * torch.exp(beta * log_variance.detach())


def featurenet_loss(out: Tensor, goal: dict) -> tuple[Tensor, dict]:
    """Sum, and the terms alone.

    out : Tensor of shape (N, 10). goal : residual (N, 3) in units of `feature_crops.UNIT`, NaN where not
    known; is_truncated (N,) 0 or 1; kinds (N,) of int.
    """
    n = len(TARGETS)
    residual = goal["residual"]
    known = torch.isfinite(residual)
    residual = torch.where(known, residual, 0).clamp(-MOST, MOST)
    loss = beta_nll(out[:, :n], out[:, n : 2 * n], residual) * known
    each = loss.sum(0) / known.sum(0).clamp_min(1)
    terms = dict(zip(TARGETS, each.unbind(0), strict=True))
    terms["truncated"] = binary_cross_entropy_with_logits(out[:, 2 * n], goal["is_truncated"])
    terms["kind"] = cross_entropy(out[:, 2 * n + 1 :], goal["kinds"])
    total = each.sum() + TRUNCATION_WEIGHT * terms["truncated"] + KIND_WEIGHT * terms["kind"]
    return total, terms


def paper_loss(out: Tensor, goal: Tensor) -> tuple[Tensor, dict]:
    """The sum of three mean squared errors, of diameter, aspect ratio and roundness.

    out, goal : Tensor of shape (N, 3), NaN where not known. The diameter is in units of the box's longer
    side: in nanometres, as printed, the first term would outweigh the others by some thousands, and a crop
    shows no scale.
    """
    known = torch.isfinite(goal)
    square = (out - torch.where(known, goal, 0)) ** 2 * known
    each = square.sum(0) / known.sum(0).clamp_min(1)
    return each.sum(), dict(zip(("diameter", "aspect_ratio", "roundness"), each.unbind(0), strict=True))
