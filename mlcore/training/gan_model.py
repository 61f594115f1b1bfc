"""What a GAN's training leaves: a folder of the generator's weights, its figures, and its card."""

from pathlib import Path

from mlcore.data.gan_batches import GanBatches
from mlcore.evaluation.gan_figures import parametric_figures, refiner_figures
from mlcore.evaluation.kid import NAME
from mlcore.inference.refiner import GENERATOR, PART, Refiner
from mlcore.inference.weights import amend, load_into, write_model
from mlcore.nets.gan import build_generator

FIGURES = {
    "kid": f"{NAME} of what it makes against real patches",
    "kid_sim": f"{NAME} of the simulator’s own patches against real ones",
    "kid_real": f"{NAME} of one half of the real patches against the other: the least there is",
    "kid_noise": f"{NAME} of blurred noise against real patches",
    "diameter_mae_px": "mean error of the measured diameter against the one asked for, px",
    "diameter_mae_px_sim": "the same error before refining: that of the measurement itself",
    "diameter_slope": "slope of the measured diameter over the one asked for",
    "diameter_slope_sim": "the same slope before refining",
    "rejection_rate": "share of measured particles whose refined image no longer agreed",
    "nearest_made": "distance of what it makes to the nearest patch it learnt from",
    "nearest_real": "distance of real patches it never saw to the nearest it learnt from",
}
CARD = "README.md"


def write_gan(out, state, *, version, scenes, train, held_out=(), config, beat=lambda: None):
    """Write model.json, the generator's weights and the card into `out`; gives (model, figures).

    Parameters
    ----------
    state : dict
        The training's checkpoint.
    scenes, train, held_out : sequence of Path
        Simulated scenes, real examples that were learnt from, and others.
    """
    about = {
        "version": version, PART: {"mode": config.mode, "width": config.width, "step": state["step"]},
        "training": {PART: {"config": state["config"], "about": state["about"]}},
    }  # fmt: skip
    write_model(out, about, {GENERATOR: state["average"]}, PART)
    beat()
    if config.mode == "refiner":
        figures = refiner_figures(Refiner(out), config, train, held_out, beat)
    else:
        net = load_into(build_generator(config.mode, config.width), Path(out) / GENERATOR)
        figures = parametric_figures(net, config, GanBatches(config, scenes, train), train, held_out, beat)
    model = amend(out, PART, figures=figures)
    (Path(out) / CARD).write_text(card(model, config, bool(held_out)), encoding="utf-8")
    return model, figures


def card(model, config, is_held_out):
    """Markdown."""
    figures, about = model.about["figures"], model.about["training"][PART]["about"]
    does = (
        "It changes simulated frames towards real ones, by at most half of the range of grey levels a pixel; "
        "outlines and sizes stay the simulator’s." if config.mode == "refiner" else
        "It makes patches of 64 px with one particle in the middle, from its diameter, shape and family. "
        "Their outlines are not known exactly, so no dataset can be made of them."
    )  # fmt: skip
    lines = [
        f"# {model.version}", "",
        f"A GAN (a network that makes images and learnt by being told apart from real ones), "
        f"“{config.mode}”. {does}",
        "", f"- Width {config.width:g}, {config.steps} steps of {config.batch_size} patches of "
        f"{config.patch_px} px, seed {config.seed}, simulated scenes of tier “{config.tier}”.",
        f"- Real images: {about.get('dataset', 'those named on the command line')}.",
        f"- Weights: `{model.sha256[:12]}`.", "", "## Figures", "",
        f"{NAME} is a distance between sets of images as the shipped detector’s encoder sees them (weights "
        f"`{figures['extractor_sha256'][:12]}`); less is more alike. It must not be compared with figures of "
        f"other extractors. Real patches were {'never learnt from' if is_held_out else 'those learnt from'}; "
        f"{figures['patches']} patches.", "",
    ]  # fmt: skip
    for name, title in FIGURES.items():
        if figures.get(name) is not None:
            lines.append(f"- {title}: {figures[name]:.4g}")
    lines += [
        "", "## What to know", "",
        "- Whether images made by it help to find particles has not been measured: train with and without, "
        "and compare on the locked test part.",
        "- It finds no particles and cannot be evaluated or promoted as a detector.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
