"""The detector's loss: the paper's term on the foreground, and one for each further map."""

from torch import Tensor
from torch.nn.functional import logsigmoid, max_pool2d, smooth_l1_loss

from mlcore.losses.overlap import dice_bce, weighted_bce
from mlcore.nets.channels import CHANNELS

WEIGHTS = {
    "foreground": 1.0, "border": 0.75, "distance": 2.0, "centre": 0.25, "log_ecd": 0.1, "overlap": 0.25,
    "tube": 0.1, "aggregate": 0.1,
}  # fmt: skip
CLASSES = ("tube", "aggregate")
AROUND_PX = 3  # the distance is learnt to be 0 this far around particles, too
BORDER_POSITIVE = 3.0


def detector_loss(logits: Tensor, maps: Tensor, weight: Tensor) -> tuple[Tensor, dict]:
    """Sum over CHANNELS and the terms alone.

    logits, maps : Tensor of shape (N, C, H, W); weight of shape (N, 1, H, W), 0 where nothing is known.
    """
    out = dict(zip(CHANNELS, logits.unbind(1), strict=True))
    goal = dict(zip(CHANNELS, maps.unbind(1), strict=True))
    weight = weight[:, 0]
    known = (weight > 0).to(weight.dtype)
    inside = goal["foreground"] * weight
    around = max_pool2d(goal["foreground"][:, None], 2 * AROUND_PX + 1, 1, AROUND_PX)[:, 0] * weight
    near = (around > 0).to(weight.dtype)  # elsewhere is no border, and too much of it to average over
    terms = {
        "foreground": dice_bce(out["foreground"], goal["foreground"], weight),
        "border": dice_bce(out["border"], goal["border"], near, BORDER_POSITIVE, of_batch=True),
        "distance": _mean(
            smooth_l1_loss(out["distance"].sigmoid(), goal["distance"], reduction="none", beta=0.1), around
        ),
        "centre": centre_focal(out["centre"], goal["centre"], known),
        "log_ecd": _mean(smooth_l1_loss(out["log_ecd"], goal["log_ecd"], reduction="none"), inside),
        "overlap": weighted_bce(out["overlap"], goal["overlap"], near, BORDER_POSITIVE),
        "tube": weighted_bce(out["tube"], goal["tube"], inside),
        "aggregate": weighted_bce(out["aggregate"], goal["aggregate"], inside),
    }
    return sum(WEIGHTS[name] * term for name, term in terms.items()), terms


def centre_focal(
    logits: Tensor, heat: Tensor, weight: Tensor, alpha: float = 2.0, beta: float = 4.0
) -> Tensor:
    """Penalty-reduced focal loss of a heat map, by the number of peaks (X. Zhou et al., CenterNet, 2019)."""
    prob = logits.sigmoid()
    peak = (heat > 0.999).to(heat.dtype)
    hit = peak * (1 - prob) ** alpha * logsigmoid(logits)
    miss = (1 - peak) * (1 - heat) ** beta * prob**alpha * logsigmoid(-logits)
    return -((hit + miss) * weight).sum() / (peak * weight).sum().clamp_min(1)


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp_min(1)
