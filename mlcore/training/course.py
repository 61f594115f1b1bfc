"""What all trainings share: a state between two steps, kept on disk so that one goes on where it stopped."""

import json
import math
import time
from pathlib import Path

import torch

from mlcore.training import checkpoint
from mlcore.training.distributed import ALONE, spread
from mlcore.training.ema import MovingAverage

SAVE_EVERY_S = 60
WARM_UP = 0.03
LOWEST_LR = 1e-6
FILE = "checkpoint.pt"


class Kept:
    """A training's state between two steps, on disk now and then; `found` is what an earlier start left.

    Who inherits gives `weights()`, all that a checkpoint holds beside configuration, step and losses.
    """

    def __init__(self, config, out, *, about=None, place=ALONE, save_every_s=None):
        torch.set_flush_denormal(True)  # three times as fast on CPU once weights get small
        self.config, self.about, self.place = config, about or {}, place
        self.path = Path(out) / FILE
        self.save_every_s = SAVE_EVERY_S if save_every_s is None else save_every_s
        self.found = state = checkpoint.load(self.path)
        if state is not None and not config.equals(state["config"]):
            raise ValueError(f"The checkpoint in {out} is of another configuration: name another --out.")
        self.begun, self.losses = (state["step"], state["losses"]) if state is not None else (0, [])
        self.saved_at, self.saved_step = time.monotonic(), self.begun

    def tell(self, step, loss, terms, on_step):
        """Save where it is time, then call `on_step`; what that raises ends the training, saved as it is."""
        if time.monotonic() - self.saved_at > self.save_every_s or step == self.config.steps:
            self.save(step)
        if on_step:
            try:
                on_step(step, loss.detach(), {name: term.detach() for name, term in terms.items()})
            except BaseException:
                if self.saved_step != step:
                    self.save(step)
                raise

    def save(self, step, **more):
        """Write the checkpoint, of several processes the first; gives the state."""
        state = {
            "config": plain(self.config), "about": self.about, "step": step, "losses": self.losses,
            **self.weights(), **more,
        }  # fmt: skip
        if self.place.is_first:
            checkpoint.save(self.path, state)
        self.saved_at, self.saved_step = time.monotonic(), step
        return state


class Course(Kept):
    """A network on its way: its optimiser, the average of its weights, its losses, and how far it is.

    Parameters
    ----------
    config : DetectorConfig or FeatureNetConfig
    net : Module
        On the CPU, as it was built by the seed.
    out : Path
        Folder of the checkpoint; if there is one, `begun` is its step.
    first : callable, optional
        Gives the weights to begin with, where there is no checkpoint.
    place : distributed.Place
        Of several processes the first saves.
    """

    def __init__(
        self, config, net, out, *, first=None, about=None, device="cpu", place=ALONE, save_every_s=None
    ):
        super().__init__(config, out, about=about, place=place, save_every_s=save_every_s)
        state = self.found
        weights = state["net"] if state is not None else first and first()
        if weights:
            net.load_state_dict(weights)
        self.net = net.to(device, memory_format=torch.channels_last)
        self.spread = spread(self.net, place, device)  # what a step calls
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=config.lr, weight_decay=config.weight_decay
        )
        self.average = MovingAverage(self.net, config.ema)
        if state is not None:
            self.optimiser.load_state_dict(state["optimiser"])
            self.average.load(state["average"], state["average_n"])
        self.net.train()

    def learn(self, step, loss):
        """One step down the gradient of a whole batch's loss, at the rate of that step."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(step, self.config)
        self.optimiser.zero_grad(set_to_none=True)
        # Processes take the mean of gradients, of which each has its part's alone: the sum is meant.
        (loss * self.place.world).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        self.optimiser.step()
        self.average.update(self.net)
        self.losses.append(loss.item())

    def weights(self):
        return {
            "net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(),
            "average": self.average.state, "average_n": self.average.n,
        }  # fmt: skip


def learning_rate(step, config):
    """Linear warm-up over 3 % of the steps, then a cosine to 1e-6."""
    warm = max(WARM_UP * config.steps, 1)
    if step < warm:
        return config.lr * step / warm
    share = (step - warm) / max(config.steps - warm, 1)
    return LOWEST_LR + (config.lr - LOWEST_LR) * 0.5 * (1 + math.cos(math.pi * min(share, 1)))


def plain(config):
    """A configuration as JSON gives it back."""
    return json.loads(json.dumps(config.as_dict()))
