"""Train FeatureNet: one loop, resumable at any step, then its table of intervals and its figures."""

import json
import time
from pathlib import Path

import numpy as np
import torch

from mlcore.data.feature_batches import Batches, plain
from mlcore.data.feature_crops import UNIT
from mlcore.data.feature_shards import loaded
from mlcore.evaluation import sizes
from mlcore.inference import sizing
from mlcore.losses.featurenet import featurenet_loss, paper_loss
from mlcore.nets.featurenet import build_featurenet
from mlcore.training import checkpoint
from mlcore.training.detector import SAVE_EVERY_S, learning_rate
from mlcore.training.ema import MovingAverage


def train_featurenet(
    config, shards, out, *, about=None, device="cpu", on_step=None, save_every_s=SAVE_EVERY_S
):
    """Train until `config.steps`, from the checkpoint in `out` if there is one; then calibrate and compare.

    Parameters
    ----------
    shards : dict of str to list of Path
        By part, as `featurenet_shards.prepare` gave them.
    out : Path
        Folder of `checkpoint.pt`.
    about : dict, optional
        Kept in the checkpoint: commit, machine, data.
    on_step : callable, optional
        Called with (step, loss, terms) of each step; what it raises stops the training, the state is kept.

    Returns
    -------
    dict
        The checkpoint: `average`, the weights; `table`, that of `sizing.fit` (mode "ours"); `metrics` of the
        test part.
    """
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)
    path = Path(out) / "checkpoint.pt"
    net = build_featurenet(config.mode).to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    average, begun, losses = MovingAverage(net, config.ema), 0, []
    state = checkpoint.load(path)
    if state is not None:
        if not config.equals(state["config"]):
            raise ValueError(f"The checkpoint in {out} is of another configuration: name another --out.")
        if "metrics" in state:
            return state
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        average.state, average.n = state["average"], state["average_n"]
        begun, losses = state["step"], state["losses"]

    def snapshot(step, **more):
        return {
            "config": _plain(config), "about": about or {}, "step": step, "net": net.state_dict(),
            "optimiser": optimiser.state_dict(), "average": average.state, "average_n": average.n,
            "losses": losses, **more,
        }  # fmt: skip

    batches = Batches(shards["train"], batch_size=config.batch_size, seed=config.seed)
    saved = time.monotonic()
    net.train()
    for step in range(begun + 1, config.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        loss, terms = _loss(net, batches[step], config.mode, device)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
        optimiser.step()
        average.update(net)
        losses.append(loss.item())
        if time.monotonic() - saved > save_every_s or step == config.steps:
            checkpoint.save(path, snapshot(step))
            saved = time.monotonic()
        if on_step:
            on_step(step, loss.detach(), {name: term.detach() for name, term in terms.items()})
    net.load_state_dict(average.state)
    table, metrics = assess(net, shards, config, device)
    net.load_state_dict(average.state)
    done = snapshot(config.steps, table=table, metrics=metrics)
    checkpoint.save(path, done)
    return done


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


def _loss(net, batch, mode, device):
    out = net(torch.from_numpy(batch["crops"]).to(device, memory_format=torch.channels_last))
    true = np.where(batch["is_sized"][:, None], batch["true"], np.nan)
    if mode == "paper":
        goal = true / np.stack([batch["sides"], *2 * [np.ones(len(true))]], axis=1)
        return paper_loss(out, torch.from_numpy(goal.astype(np.float32)).to(device))
    residual = sizing.residuals(batch["found"], true) / UNIT
    goal = {
        "residual": residual.astype(np.float32), "is_truncated": batch["is_truncated"].astype(np.float32),
        "kinds": batch["kinds"],
    }  # fmt: skip
    return featurenet_loss(out, {name: torch.from_numpy(one).to(device) for name, one in goal.items()})


def _plain(config):
    return json.loads(json.dumps(config.as_dict()))
