"""Train a detector: one loop, resumable at any step."""

import json
import math
import time
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch.utils.data import DataLoader

from mlcore.data.crops import Crops, collated
from mlcore.losses.boxes import box_loss
from mlcore.losses.detector import detector_loss
from mlcore.losses.overlap import dice_bce
from mlcore.losses.peers import flow_loss, stardist_loss
from mlcore.nets.channels import CHANNELS_OF
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint
from mlcore.training.ema import MovingAverage

SAVE_EVERY_S = 60
WARM_UP = 0.03
LOWEST_LR = 1e-6


def _paper_loss(logits, maps, weight):
    loss = dice_bce(logits[:, 0], maps[:, 0], (weight[:, 0] > 0).to(logits.dtype))
    return loss, {"foreground": loss}


CENTRE = CHANNELS_OF["ours"].index("centre")
LEARN_FROM_BOXES = ("ours", "paper")  # whose first map is the foreground of all particles
LOSSES = {"ours": detector_loss, "paper": _paper_loss, "stardist": stardist_loss, "flows": flow_loss}


def train_detector(
    config, sources, out, *, about=None, device="cpu", workers=1, on_step=None, save_every_s=SAVE_EVERY_S
):
    """Train until `config.steps`, from the checkpoint in `out` if there is one.

    Parameters
    ----------
    sources : sequence of (share, list of Path)
        Files of training examples.
    out : Path
        Folder of `checkpoint.pt`.
    about : dict, optional
        Kept in the checkpoint: commit, machine, data.
    on_step : callable, optional
        Called with (step, loss, terms) of each step; what it raises stops the training, the state is kept.

    Returns
    -------
    dict
        The moving average's weights.
    """
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # three times as fast on CPU once weights get small
    path = Path(out) / "checkpoint.pt"
    net = build_detector(config.width, CHANNELS_OF[config.mode])
    state = checkpoint.load(path)
    if state is None and config.start_from:
        net.load_state_dict(_first_weights(config, net))
    net = net.to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    average, begun, losses = MovingAverage(net, config.ema), 0, []
    if state is not None:
        if not config.equals(state["config"]):
            raise ValueError(f"The checkpoint in {out} is of another configuration: name another --out.")
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        average.state, average.n = state["average"], state["average_n"]
        begun, losses = state["step"], state["losses"]

    def save(step):
        checkpoint.save(
            path,
            {
                "config": _plain(config), "about": about or {}, "step": step, "net": net.state_dict(),
                "optimiser": optimiser.state_dict(), "average": average.state, "average_n": average.n,
                "losses": losses,
            },
        )  # fmt: skip

    crops = Crops(
        sources, crop_px=config.crop_px, seed=config.seed, length=config.steps * config.batch_size,
        first=begun * config.batch_size, mode=config.mode,
    )  # fmt: skip
    loader = DataLoader(
        crops, batch_size=config.batch_size, num_workers=workers, persistent_workers=False,
        multiprocessing_context="spawn" if workers else None, collate_fn=collated,
    )  # fmt: skip
    saved = time.monotonic()
    net.train()
    for step, (crop, maps, weight, *boxes) in enumerate(loader, start=begun + 1):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        crop = crop.to(device, memory_format=torch.channels_last)
        maps, weight = maps.to(device), weight.to(device)
        logits = net(crop)
        loss, terms = LOSSES[config.mode](logits, maps, weight)
        if boxes and config.mode in LEARN_FROM_BOXES:
            centre = logits[:, CENTRE] if config.mode == "ours" else None
            of_boxes, more = box_loss(
                logits[:, 0], centre, crop, boxes[0].to(device), maps[:, 0], weight[:, 0]
            )
            loss, terms = loss + of_boxes, terms | more
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
        optimiser.step()
        average.update(net)
        losses.append(loss.item())
        if time.monotonic() - saved > save_every_s or step == config.steps:
            save(step)
            saved = time.monotonic()
        if on_step:
            on_step(step, loss.detach(), {name: term.detach() for name, term in terms.items()})
    return average.state


def learning_rate(step, config):
    """Linear warm-up over 3 % of the steps, then a cosine to 1e-6."""
    warm = max(WARM_UP * config.steps, 1)
    if step < warm:
        return config.lr * step / warm
    share = (step - warm) / max(config.steps - warm, 1)
    return LOWEST_LR + (config.lr - LOWEST_LR) * 0.5 * (1 + math.cos(math.pi * min(share, 1)))


def _first_weights(config, net):
    """The averaged weights of the checkpoint that a training starts from; ValueError if they do not fit."""
    try:
        state = checkpoint.load(config.start_from)
        average = None if state is None else state["average"]
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, UnpicklingError):
        raise ValueError(f"start_from names “{config.start_from}”, which is no checkpoint.") from None
    if state is None:
        raise ValueError(f"start_from names “{config.start_from}”, which does not exist.")
    own = {name: value.shape for name, value in net.state_dict().items()}
    if own != {name: value.shape for name, value in average.items()}:
        of = state.get("config", {})
        raise ValueError(
            f"The checkpoint “{config.start_from}” does not fit: it is of mode “{of.get('mode', '?')}” and "
            f"width {of.get('width', '?')}, and this training of “{config.mode}” and {config.width}."
        )
    return average


def _plain(config):
    return json.loads(json.dumps(config.as_dict()))
