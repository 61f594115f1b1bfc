"""Train FeatureNet: one loop, resumable at any step, then its table of intervals and its figures."""

import numpy as np
import torch

from mlcore.data.feature_batches import Batches, plain
from mlcore.data.feature_crops import UNIT
from mlcore.data.feature_shards import loaded
from mlcore.evaluation import sizes
from mlcore.inference import sizing
from mlcore.losses.featurenet import KIND_WEIGHT, featurenet_loss, paper_loss
from mlcore.nets.featurenet import build_featurenet
from mlcore.training import checkpoint
from mlcore.training.course import SAVE_EVERY_S, Course
from mlcore.training.distributed import ALONE, whole


def train_featurenet(
    config, shards, out, *, first=None, about=None, device="cpu", on_step=None, save_every_s=SAVE_EVERY_S,
    place=ALONE,
):  # fmt: skip
    """Train until `config.steps`, from the checkpoint in `out` if there is one; then calibrate and compare.

    Parameters
    ----------
    shards : dict of str to list of Path
        By part, as `featurenet_shards.prepare` gave them.
    out : Path
        Folder of `checkpoint.pt`.
    first : dict of str to Tensor, optional
        Weights to begin with; random ones by the seed without them.
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
        The checkpoint: `average`, the weights; `table`, that of `sizing.fit` (mode "ours"); `metrics` of the
        test part.
    """
    torch.manual_seed(config.seed)
    begin, end = place.share(config.batch_size)
    course = Course(
        config, build_featurenet(config.mode), out, first=lambda: first, about=about, device=device,
        place=place, save_every_s=save_every_s,
    )  # fmt: skip
    if course.found is not None and "metrics" in course.found:
        return course.found
    if hasattr(on_step, "average"):
        on_step.average = course.average
    batches = Batches(shards["train"], batch_size=config.batch_size, seed=config.seed)
    for step in range(course.begun + 1, config.steps + 1):
        batch = batches[step]
        crops = torch.from_numpy(batch["crops"][begin:end])
        answered = whole(course.spread(crops.to(device, memory_format=torch.channels_last)), place)
        loss, terms = loss_of(answered, batch, config.mode)
        if not config.learn_classes and config.mode == "ours":
            loss = loss - KIND_WEIGHT * terms.pop("kind")
        course.learn(step, loss)
        course.tell(step, loss, terms, on_step)
    net = course.net
    net.load_state_dict(course.average.state)
    table, metrics = assess(net, shards, config, device)
    net.load_state_dict(course.average.state)
    return course.save(config.steps, table=table, metrics=metrics)


def assess(net, shards, config, device="cpu"):
    """The table from the calibration part, and the figures of the test part by it."""
    test = answers(net, shards["test"], device)
    if config.mode == "paper":
        return None, sizes.compare(test, {"paper": paper_values(test)})
    held_out = answers(net, shards["calibration"], device)
    sized = held_out["is_sized"]
    table = sizing.fit(held_out["out"][sized], held_out["found"][sized], held_out["true"][sized])
    ways = sizes.ways(test, table)
    if config.paper:
        state = checkpoint.load(config.paper)
        if state["config"].get("mode") != "paper":
            raise ValueError(f"“{config.paper}” is no checkpoint of a FeatureNet in mode “paper”.")
        paper = build_featurenet("paper").to(device)
        paper.load_state_dict(state["average"])
        ways["paper"] = paper_values(answers(paper, shards["test"], device))
    return table, sizes.compare(test, ways, table)


def answers(net, paths, device="cpu"):
    """A network's answers on every particle of shards, undisturbed: a batch of `feature_batches` with `out`.

    `scene` (N,) numbers the shards.
    """
    net.eval()
    rows = []
    for number, path in enumerate(paths):
        shard = loaded(str(path))
        if not shard.outlines:
            continue
        batch = plain(shard)
        crops = batch.pop("crops")
        with torch.inference_mode():
            out = [
                net(torch.from_numpy(crops[k : k + sizing.BATCH]).to(device)).float().cpu()
                for k in range(0, len(crops), sizing.BATCH)
            ]
        rows.append({**batch, "out": torch.cat(out).numpy(), "scene": np.full(len(crops), number)})
    if not rows:
        raise ValueError("The detector found no true particle in a held-out part; more scenes are needed.")
    return {name: np.concatenate([one[name] for one in rows]) for name in rows[0]}


def paper_values(answered):
    """ECD in px of the maps, aspect ratio and roundness (N, 3) of answers in mode "paper"."""
    return answered["out"] * np.stack([answered["sides"], *2 * [np.ones(len(answered["sides"]))]], axis=1)


def loss_of(out, batch, mode):
    """The loss of answers (N, K) to a batch's crops, and its terms."""
    true = np.where(batch["is_sized"][:, None], batch["true"], np.nan)
    if mode == "paper":
        goal = true / np.stack([batch["sides"], *2 * [np.ones(len(true))]], axis=1)
        return paper_loss(out, torch.from_numpy(goal.astype(np.float32)).to(out.device))
    residual = sizing.residuals(batch["found"], true) / UNIT
    goal = {
        "residual": residual.astype(np.float32), "is_truncated": batch["is_truncated"].astype(np.float32),
        "kinds": batch["kinds"],
    }  # fmt: skip
    return featurenet_loss(out, {name: torch.from_numpy(one).to(out.device) for name, one in goal.items()})
