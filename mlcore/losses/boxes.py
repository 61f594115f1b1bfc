"""What boxes alone say of a foreground: it fills each from side to side, ends there, and follows the grey.

After Z. Tian et al., BoxInst, CVPR 2021, here for one map that all particles share: pixels of other boxes do
not tell where a particle ends. What lies outside all boxes is background in the usual losses.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, logsigmoid, pad

from mlcore.losses.detector import centre_focal

WEIGHTS = {"projection": 1.0, "pairwise": 1.0, "box_centre": 0.25}
MARGIN_PX = 3  # around a box where the foreground must end
DILATION_PX = 2
KNOWN_LOGIT = 6.0  # of pixels around boxes whose kind is known: what is like them learns from them
SIMILAR = 0.3  # least similarity of two pixels that count as of one kind
LOCAL_PX = 31  # grey levels are compared in units of their spread over this many pixels
LEVEL_SCALE = 0.5  # of that spread: a difference that lowers the similarity to 1/e
CENTRE_SIGMA = (0.1, 1.5, 6.0)  # of the box's mean side; least and most, px, as for masks
STEPS = ((0, DILATION_PX), (DILATION_PX, 0), (DILATION_PX, DILATION_PX), (DILATION_PX, -DILATION_PX))


def box_loss(
    foreground: Tensor, centre: Tensor | None, crop: Tensor, boxes: Tensor, goal: Tensor, weight: Tensor
) -> tuple[Tensor, dict]:
    """Sum of the terms for particles of which only boxes are known, and the terms alone.

    Parameters
    ----------
    foreground, centre : Tensor of shape (N, H, W)
        Logits; `centre` is None for a network without that map.
    crop : Tensor of shape (N, 1, H, W)
        What the network saw.
    boxes : Tensor of shape (N, K, 4)
        x0, y0, x1, y1 in pixels, in part outside the crop where it cuts them; empty ones (x1 <= x0) are no
        boxes.
    goal, weight : Tensor of shape (N, H, W)
        The foreground where it is known, and 0 where it is not, such as in these boxes.
    """
    inside = (cover(boxes, foreground.shape[1:]) > 0).to(foreground.dtype)
    terms = {
        "projection": projection_loss(foreground, boxes),
        "pairwise": pairwise_loss(
            torch.where(weight > 0, KNOWN_LOGIT * (2 * goal - 1), foreground), similarity(crop), inside
        ),
    }
    if centre is not None:
        terms["box_centre"] = _centre_loss(centre, boxes, inside)
    return sum(WEIGHTS[name] * term for name, term in terms.items()), terms


def cover(boxes: Tensor, shape) -> Tensor:
    """How many of an image's boxes (N, K, 4) hold the centre of each pixel, (N, H, W)."""
    x = torch.arange(shape[1], device=boxes.device) + 0.5
    y = torch.arange(shape[0], device=boxes.device) + 0.5
    across = ((x >= boxes[..., 0:1]) & (x < boxes[..., 2:3])).to(boxes.dtype)  # (N, K, W)
    down = ((y >= boxes[..., 1:2]) & (y < boxes[..., 3:4])).to(boxes.dtype)
    return torch.einsum("nkh,nkw->nhw", down, across)


def projection_loss(logits: Tensor, boxes: Tensor) -> Tensor:
    """1 - Dice of the row and column maxima around each box against the box, the mean over boxes.

    A side that the crop cuts says nothing of the rows or columns that may end beyond it; pixels of other
    boxes in the margin are left out.
    """
    height, width = logits.shape[1:]
    prob = logits.sigmoid()
    n_boxes = cover(boxes, (height, width))
    image, which = torch.nonzero(boxes[..., 2] > boxes[..., 0], as_tuple=True)
    if not len(image):
        return logits.sum() * 0
    mine = boxes[image, which]
    sides = (mine[:, 2:] - mine[:, :2]).amax(1) + 2 * MARGIN_PX + 2
    losses = []
    # Boxes of like size are looked at together, so that a large one does not make windows of all large.
    for group in torch.unique(torch.ceil(torch.log2(sides))).tolist():
        of = torch.nonzero(torch.ceil(torch.log2(sides)) == group)[:, 0]
        losses.append(_projections(prob, n_boxes, image[of], which[of], mine[of], int(2**group)))
    return torch.cat(losses).mean()


def _projections(prob, n_boxes, image, which, mine, side):
    """Losses (B,) of boxes (B, 4) that windows of `side` px hold."""
    height, width = prob.shape[1:]
    step = torch.arange(side, device=prob.device)
    first = torch.floor(mine[:, :2]).long() - MARGIN_PX
    x, y = first[:, :1] + step, first[:, 1:] + step  # (B, S)
    in_x = (x + 0.5 >= mine[:, 0:1]) & (x + 0.5 < mine[:, 2:3])
    in_y = (y + 0.5 >= mine[:, 1:2]) & (y + 0.5 < mine[:, 3:4])
    there = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None, :]
    rows, columns = y.clamp(0, height - 1)[:, :, None], x.clamp(0, width - 1)[:, None, :]
    window = prob[image[:, None, None], rows, columns]
    near = (x >= mine[:, 0:1].floor() - MARGIN_PX) & (x < mine[:, 2:3].ceil() + MARGIN_PX)
    near = (
        near[:, None, :]
        & ((y >= mine[:, 1:2].floor() - MARGIN_PX) & (y < mine[:, 3:4].ceil() + MARGIN_PX))[:, :, None]
    )
    is_mine = in_y[:, :, None] & in_x[:, None, :]
    free = n_boxes[image[:, None, None], rows, columns] == 0
    window = window * (there & near & (is_mine | free))
    is_cut = (mine[:, :2] < 0) | (mine[:, 2:] > torch.tensor([width, height], device=mine.device))
    across = _profile_loss(window.amax(1), in_x, there.any(1), is_cut[:, 1])
    down = _profile_loss(window.amax(2), in_y, there.any(2), is_cut[:, 0])
    return across + down


def _profile_loss(profile, goal, there, is_cut):
    """1 - Dice of profiles (B, S); where the other axis is cut, what is low inside may go on beyond."""
    goal = (goal & there).to(profile.dtype)
    known = torch.where(is_cut[:, None], 1 - goal, torch.ones_like(goal))
    profile = profile * known + goal * (1 - known)
    return 1 - (2 * (profile * goal).sum(1) + 1e-3) / ((profile**2).sum(1) + goal.sum(1) + 1e-3)


def similarity(crop: Tensor) -> Tensor:
    """How alike each pixel of crops (N, 1, H, W) and those DILATION_PX from it are, (N, 4, H, W), 0 to 1.

    Grey levels are blurred by one pixel and taken in units of their own local spread.
    """
    crop = crop.detach()
    kernel = torch.tensor([0.0545, 0.2442, 0.4026, 0.2442, 0.0545], device=crop.device, dtype=crop.dtype)
    smooth = conv2d(pad(crop, (2, 2, 2, 2), mode="replicate"), torch.outer(kernel, kernel)[None, None])
    half = LOCAL_PX // 2
    mean, square = (
        avg_pool2d(one, LOCAL_PX, 1, half, count_include_pad=False) for one in (smooth, smooth**2)
    )
    spread = (square - mean**2).clamp_min(1e-6).sqrt() * LEVEL_SCALE
    differences = torch.cat([(smooth - _shifted(smooth, step)).abs() / spread for step in STEPS], dim=1)
    return torch.exp(-differences)


def pairwise_loss(logits: Tensor, alike: Tensor, inside: Tensor) -> Tensor:
    """-log of the probability that alike pixels are of one kind, over pairs of which one lies in a box."""
    on, off = logsigmoid(logits), logsigmoid(-logits)
    total = count = 0
    for k, step in enumerate(STEPS):
        same = torch.logaddexp(
            on + _shifted(on[:, None], step)[:, 0], off + _shifted(off[:, None], step)[:, 0]
        )
        weight = (alike[:, k] >= SIMILAR) * torch.maximum(inside, _shifted(inside[:, None], step)[:, 0])
        total = total - (same * weight).sum()
        count = count + weight.sum()
    return total / count.clamp_min(1)


def _shifted(maps, step):
    """Maps (N, C, H, W) whose pixel shows its neighbour `step` (down, right) away; edges repeat."""
    down, right = step
    reach = DILATION_PX
    padded = pad(maps, (reach, reach, reach, reach), mode="replicate")
    height, width = maps.shape[2:]
    return padded[..., reach + down : reach + down + height, reach + right : reach + right + width]


def _centre_loss(logits, boxes, inside):
    heat = torch.zeros_like(logits)
    share, least, most = CENTRE_SIGMA
    height, width = logits.shape[1:]
    y = torch.arange(height, device=logits.device)[:, None]
    x = torch.arange(width, device=logits.device)[None, :]
    for n, k in torch.nonzero(boxes[..., 2] > boxes[..., 0]).tolist():
        x0, y0, x1, y1 = boxes[n, k].tolist()
        column, row = int((x0 + x1) / 2), int((y0 + y1) / 2)
        if not (0 <= row < height and 0 <= column < width):
            continue
        sigma = min(max(share * ((x1 - x0) * (y1 - y0)) ** 0.5, least), most)
        bump = torch.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2)).to(heat.dtype)
        heat[n] = torch.maximum(heat[n], bump)
    return centre_focal(logits, heat, inside)
