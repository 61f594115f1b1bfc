"""Train a GAN: one visible loop of two updates a step, resumable at any step."""

import math

import torch

from mlcore.data.diff_augment import diff_augment
from mlcore.data.gan_batches import GanBatches
from mlcore.losses.gan import edge_consistency, hinge_discriminator, hinge_generator, level_distance, r1
from mlcore.nets.gan import LATENT, NOISE_MAPS, build_discriminator, build_generator
from mlcore.nets.gan_inputs import CONTINUOUS, FAMILY_NAMES, MAPS
from mlcore.training.course import SAVE_EVERY_S, Kept
from mlcore.training.ema import MovingAverage

BETAS = (0.0, 0.99)
ASTRAY = (
    "The training went astray at step {step:,}: its {name} loss is no number any more. Try again with "
    "another seed, a larger batch or a narrower network; the state before is kept."
)


class GanCourse(Kept):
    """Generator and discriminator on their way, an optimiser each, and the average of the generator."""

    def __init__(self, config, out, *, about=None, device="cpu", save_every_s=None):
        super().__init__(config, out, about=about, save_every_s=save_every_s)
        torch.manual_seed(config.seed)
        self.generator = build_generator(config.mode, config.width)
        self.discriminator = build_discriminator(config.width)
        self.nets = {"generator": self.generator, "discriminator": self.discriminator}
        if self.found is not None:
            for name, net in self.nets.items():
                net.load_state_dict(self.found[name])
        self.optimisers = {
            name: torch.optim.Adam(net.to(device).train().parameters(), lr=lr, betas=BETAS)
            for (name, net), lr in zip(self.nets.items(), (config.lr_g, config.lr_d), strict=True)
        }
        self.average = MovingAverage(self.generator, config.ema)
        if self.found is not None:
            for name, one in self.optimisers.items():
                one.load_state_dict(self.found[f"{name}_optimiser"])
            self.average.load(self.found["average"], self.found["average_n"])

    def weights(self):
        return {
            **{name: net.state_dict() for name, net in self.nets.items()},
            **{f"{name}_optimiser": one.state_dict() for name, one in self.optimisers.items()},
            "average": self.average.state, "average_n": self.average.n,
        }  # fmt: skip

    def learn(self, step, name, loss):
        """One step of one of the nets; ValueError in one sentence where its loss is no number."""
        if not math.isfinite(loss.item()):
            raise ValueError(ASTRAY.format(step=step, name=name))
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[name].step()


def train_gan(
    config, scenes, real, out, *, about=None, device="cpu", on_step=None, save_every_s=SAVE_EVERY_S
):
    """Train until `config.steps`, from the checkpoint in `out` if there is one.

    Parameters
    ----------
    scenes : sequence of Path
        Simulated, as from `gan_batches.prepare_scenes`.
    real : sequence of Path
        Examples of real frames; labels are not looked at.
    out : Path
        Folder of `checkpoint.pt`.
    on_step : callable, optional
        Called with (step, loss, terms) of each step; what it raises stops the training, the state is saved.
        `on_step.average`, if it has that name, is set to the moving average before the first step.

    Returns
    -------
    dict
        The averaged weights of the generator.
    """
    course = GanCourse(config, out, about=about, device=device, save_every_s=save_every_s)
    if hasattr(on_step, "average"):
        on_step.average = course.average
    batches = GanBatches(config, scenes, real)
    for step in range(course.begun + 1, config.steps + 1):
        batch = {name: torch.from_numpy(one).to(device) for name, one in batches[step].items()}
        draw = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        terms = _discriminate(course, step, batch, draw) | _generate(course, step, batch, draw)
        course.average.update(course.generator)
        loss = terms["generator"]
        course.losses.append([terms["discriminator"].item(), loss.item()])
        course.tell(step, loss, terms, on_step)
    return course.average.state


def _discriminate(course, step, batch, draw):
    """The discriminator's half of a step; its terms."""
    config, net = course.config, course.discriminator
    with torch.no_grad():
        made = generated(course.generator, batch, draw)
    vectors, family = batch["vectors"], _family(config, batch)
    simulated = batch["maps"][:, :1]
    # A parametric GAN is to make what was simulated with a vector; a refiner what is real, of no known one.
    real = simulated if config.mode == "parametric" else batch["real"]
    is_r1 = step % config.r1_every == 0
    seen = diff_augment(real, draw).requires_grad_(is_r1)
    verdict, told = net(seen, family)
    loss = hinge = hinge_discriminator(verdict, net(diff_augment(made, draw), family)[0])
    terms = {"discriminator": hinge.detach()}
    if config.mode == "refiner":
        told = net(diff_augment(simulated, draw))[1]
    terms["conditions"] = _condition_loss(told, vectors)
    loss = loss + config.condition * terms["conditions"]
    if is_r1:
        terms["r1"] = r1(verdict, seen)
        loss = loss + 0.5 * config.r1 * config.r1_every * terms["r1"]
    course.learn(step, "discriminator", loss)
    return {name: term.detach() for name, term in terms.items()}


def _generate(course, step, batch, draw):
    """The generator's half of a step; its terms."""
    config, net = course.config, course.discriminator
    net.requires_grad_(False)
    made = generated(course.generator, batch, draw)
    verdict, told = net(diff_augment(made, draw), _family(config, batch))
    terms = {"fooling": hinge_generator(verdict), "requested": _condition_loss(told, batch["vectors"])}
    loss = terms["fooling"] + config.condition * terms["requested"]
    if config.mode == "refiner":
        simulated, mask = batch["maps"][:, :1], batch["maps"][:, MAPS.index("mask"), None]
        terms["edge"] = edge_consistency(made, simulated, mask)
        terms["level"] = level_distance(made, simulated)
        loss = loss + config.edge * terms["edge"] + config.level * terms["level"]
    course.learn(step, "generator", loss)
    net.requires_grad_(True)
    return {"generator": loss.detach(), **{name: term.detach() for name, term in terms.items()}}


def generated(generator, batch, draw):
    """What a generator makes of a batch's vectors and maps, with noise drawn from `draw`."""
    maps, vectors = batch["maps"], batch["vectors"]
    shape = (len(maps), NOISE_MAPS, *maps.shape[2:]) if generator.is_refiner else (len(maps), LATENT)
    noise = torch.randn(shape, generator=draw).to(maps.device)
    return generator(vectors, maps, noise)


def _family(config, batch):
    return batch["vectors"][:, -len(FAMILY_NAMES) :] if config.mode == "parametric" else None


def _condition_loss(told, vectors):
    return (told - vectors[:, : len(CONTINUOUS)]).square().mean()
