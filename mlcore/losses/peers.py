"""Losses of the peers that share our U-Net: StarDist's and Cellpose's, as their authors state them."""

from torch import Tensor

from mlcore.losses.overlap import weighted_bce
from mlcore.losses.scales import FLOW_SCALE, RAY_UNIT_PX

RAY_WEIGHT = 0.2
OUTSIDE_WEIGHT = 1e-4


def stardist_loss(logits: Tensor, maps: Tensor, weight: Tensor) -> tuple[Tensor, dict]:
    """Cross-entropy of the object probability, and 0.2 of the mean error of rays in px, by probability.

    logits, maps : Tensor of shape (N, 1 + rays, H, W); weight of shape (N, 1, H, W), 0 where unknown.

    Notes
    -----
    StarDist (stardist/models/model2d.py): the probability is the distance to the edge over its largest,
    rays count by it, and those outside are drawn to 0 by a weight of 1e-4.
    """
    known = (weight[:, 0] > 0).to(logits.dtype)
    probability = maps[:, 0]
    error = (RAY_UNIT_PX * logits[:, 1:] - maps[:, 1:]).abs().mean(1)
    size = (RAY_UNIT_PX * logits[:, 1:]).abs().mean(1)
    inside = probability * known
    terms = {
        "probability": weighted_bce(logits[:, 0], probability, known),
        "rays": (error * inside).sum() / inside.sum().clamp_min(1)
        + OUTSIDE_WEIGHT * (size * (1 - probability) * known).sum() / known.sum().clamp_min(1),
    }
    return terms["probability"] + RAY_WEIGHT * terms["rays"], terms


def flow_loss(logits: Tensor, maps: Tensor, weight: Tensor) -> tuple[Tensor, dict]:
    """Half of the squared error of flows, five times enlarged, and the cross-entropy of the foreground.

    logits, maps : Tensor of shape (N, 3, H, W): foreground, flow along x and y.

    Notes
    -----
    Cellpose (cellpose/train.py, `_loss_fn_seg`): flows count outside of particles, too, where they are 0.
    """
    known = (weight[:, 0] > 0).to(logits.dtype)
    error = (logits[:, 1:] - FLOW_SCALE * maps[:, 1:]).square().mean(1)
    terms = {
        "foreground": weighted_bce(logits[:, 0], maps[:, 0], known),
        "flows": (error * known).sum() / known.sum().clamp_min(1),
    }
    return terms["foreground"] + 0.5 * terms["flows"], terms
