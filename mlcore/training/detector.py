"""Train a detector: one loop, resumable at any step."""

from pickle import UnpicklingError

import torch
from torch.utils.data import DataLoader

from mlcore.data.crops import Crops, collated
from mlcore.losses.boxes import box_loss
from mlcore.losses.detector import CLASSES, WEIGHTS, detector_loss
from mlcore.losses.overlap import dice_bce
from mlcore.losses.peers import flow_loss, stardist_loss
from mlcore.nets.channels import CHANNELS_OF
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint
from mlcore.training.course import SAVE_EVERY_S, Course
from mlcore.training.distributed import ALONE, whole, whole_ragged


def _paper_loss(logits, maps, weight):
    loss = dice_bce(logits[:, 0], maps[:, 0], (weight[:, 0] > 0).to(logits.dtype))
    return loss, {"foreground": loss}


CENTRE = CHANNELS_OF["ours"].index("centre")
LEARN_FROM_BOXES = ("ours", "paper")  # whose first map is the foreground of all particles
LOSSES = {"ours": detector_loss, "paper": _paper_loss, "stardist": stardist_loss, "flows": flow_loss}


def train_detector(
    config, sources, out, *, first=None, about=None, device="cpu", workers=1, on_step=None,
    save_every_s=SAVE_EVERY_S, place=ALONE,
):  # fmt: skip
    """Train until `config.steps`, from the checkpoint in `out` if there is one.

    Parameters
    ----------
    sources : sequence of (share, list of Path)
        Files of training examples.
    out : Path
        Folder of `checkpoint.pt`.
    first : dict of str to Tensor, optional
        Weights to begin with; else those of `config.start_from`, else random ones by the seed.
    about : dict, optional
        Kept in the checkpoint: commit, machine, data.
    on_step : callable, optional
        Called with (step, loss, terms) of each step; what it raises stops the training, the state is saved.
        `on_step.average`, if it has that name, is set to the moving average before the first step.
    place : distributed.Place, optional
        Which of several processes this is; each takes its share of every batch.

    Returns
    -------
    dict
        The moving average's weights.
    """
    torch.manual_seed(config.seed)
    begin, end = place.share(config.batch_size)
    net = build_detector(config.width, CHANNELS_OF[config.mode])
    if first is not None:
        _check_fit(net, first, "The model to begin with", {}, config)
    course = Course(
        config, net, out, about=about, device=device, place=place, save_every_s=save_every_s,
        first=lambda: first or (config.start_from and _first_weights(config, net)),
    )  # fmt: skip
    if hasattr(on_step, "average"):
        on_step.average = course.average
    crops = Crops(
        sources, crop_px=config.crop_px, seed=config.seed, length=config.steps * config.batch_size,
        mode=config.mode,
    )  # fmt: skip
    shares = [
        range(step * config.batch_size + begin, step * config.batch_size + end)
        for step in range(course.begun, config.steps)
    ]
    loader = DataLoader(
        crops, batch_sampler=shares, num_workers=workers, persistent_workers=False,
        multiprocessing_context="spawn" if workers else None, collate_fn=collated,
    )  # fmt: skip
    for step, (crop, maps, weight, *boxes) in enumerate(loader, start=course.begun + 1):
        crop = crop.to(device, memory_format=torch.channels_last)
        logits = whole(course.spread(crop), place)
        maps, weight = whole(maps.to(device), place), whole(weight.to(device), place)
        boxes = whole_ragged(boxes[0] if boxes else None, place)
        loss, terms = LOSSES[config.mode](logits, maps, weight)
        if not config.learn_classes and config.mode == "ours":
            loss = loss - sum(WEIGHTS[name] * terms.pop(name) for name in CLASSES)
        if boxes is not None and config.mode in LEARN_FROM_BOXES:
            centre = logits[:, CENTRE] if config.mode == "ours" else None
            of_boxes, more = box_loss(
                logits[:, 0], centre, whole(crop, place), boxes.to(device), maps[:, 0], weight[:, 0]
            )
            loss, terms = loss + of_boxes, terms | more
        course.learn(step, loss)
        course.tell(step, loss, terms, on_step)
    return course.average.state


def _first_weights(config, net):
    """The averaged weights of the checkpoint that a training starts from; ValueError if they do not fit."""
    try:
        state = checkpoint.load(config.start_from)
        average = None if state is None else state["average"]
    except (OSError, RuntimeError, KeyError, TypeError, EOFError, UnpicklingError):
        raise ValueError(f"start_from names “{config.start_from}”, which is no checkpoint.") from None
    if state is None:
        raise ValueError(f"start_from names “{config.start_from}”, which does not exist.")
    _check_fit(net, average, f"The checkpoint “{config.start_from}”", state.get("config", {}), config)
    return average


def _check_fit(net, weights, name, of, config):
    own = {key: value.shape for key, value in net.state_dict().items()}
    if own != {key: value.shape for key, value in weights.items()}:
        raise ValueError(
            f"{name} does not fit: it is of mode “{of.get('mode', '?')}” and width {of.get('width', '?')}, "
            f"and this training of “{config.mode}” and {config.width}."
        )
