"""The worker's side of a GAN's training: scenes are simulated once, then it learns from them and frames."""

from django.conf import settings

from mlcore.data.gan_batches import prepare_scenes
from mlcore.models import ModelVersion
from mlcore.services.model_versions import register_model
from mlcore.services.progress import note_line, note_point
from mlcore.services.run_folder import delete_run_folder, run_folder
from mlcore.services.work import train
from mlcore.training import checkpoint
from mlcore.training.course import FILE
from mlcore.training.gan import train_gan
from mlcore.training.gan_config import PATCH_PX, PATCH_STEP_PX, GanConfig
from mlcore.training.gan_model import FIGURES, write_gan
from mlcore.training.gan_watching import GanWatch

SETTINGS = ("mode", "width", "steps", "batch_size", "patch_px")


def work(run, beat):
    """Simulate, train, measure and register the GAN."""
    beat(force=True)
    if sentence := train.made_before(run):
        return sentence
    files, held_out = train.files_of(run)
    config, out = config_of(run), run_folder(run)
    with train.full_disk_told(run):
        note_line(run, f"{config.scenes} scenes are simulated, once.")
        scenes = prepare_scenes(config, out / "scenes", beat)
        train.note_begin(run, out)
        follow = train.Follower(run, beat, GanWatch(config, scenes, held_out, train.device()))
        train_gan(
            config, scenes, files, out, about=train.about(run), device=train.device(), on_step=follow,
            save_every_s=settings.CHECKPOINT_S,
        )  # fmt: skip
        beat(force=True)
        return finish(run, beat, config, checkpoint.load(out / FILE), scenes, files, held_out)


def config_of(run):
    """The training's configuration."""
    return GanConfig(
        sources=({"dataset": run.dataset.sha256},), seed=run.seed,
        **{name: run.config[name] for name in SETTINGS},
    )  # fmt: skip


def finish(run, beat, config, state, scenes, files, held_out):
    """Write the GAN's folder with its figures, register it; gives the sentence."""
    note_line(run, "Trained; what it makes is compared with real patches of the validation frames.")
    folder = run_folder(run) / "model"
    _, figures = write_gan(
        folder, state, version=f"run {run.pk}", scenes=scenes, train=files, held_out=held_out, config=config,
        beat=beat,
    )  # fmt: skip
    note_point(run, run.config["steps"], "final", {name: figures.get(name) for name in FIGURES})
    kind = ModelVersion.Kind.REFINER if config.mode == "refiner" else ModelVersion.Kind.PARAMETRIC
    version = register_model(run=run, folder=folder, title=run.config.get("title", ""), kind=kind)
    told = f"KID-etem {figures['kid']:.3f} against real patches, {figures['kid_sim']:.3f} as simulated"
    note_line(run, f"{version} is registered: {told}.")
    delete_run_folder(run.pk)
    return f"{version} was made: {told}."


def with_less_memory(run):
    """A sentence and what to change for half the memory: the batch, then the patch; nothing at the least."""
    size, patch = run.config["batch_size"], run.config["patch_px"]
    if size > 2:
        fits = max(size // 2, 2)
        return f"A batch size of {fits} will fit where {size} did not.", {"batch_size": fits}
    half = patch // 2 // PATCH_STEP_PX * PATCH_STEP_PX
    if run.config["mode"] == "refiner" and half >= PATCH_PX[0]:
        return f"Patches of {half} px will fit where {patch} did not; a batch is no smaller.", {
            "patch_px": half
        }
    return "", {}
