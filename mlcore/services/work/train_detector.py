"""The worker's side of a detector's training. What is done is in the run's folder; any worker can go on."""

from django.conf import settings

from mlcore.inference.weights import DETECTOR
from mlcore.services.run_folder import run_folder
from mlcore.services.work import train
from mlcore.services.work.train import with_less_memory  # noqa: F401 (asked for by execute.py)
from mlcore.training import assemble, checkpoint
from mlcore.training.config import DetectorConfig
from mlcore.training.course import FILE
from mlcore.training.detector import train_detector
from mlcore.training.watching import DetectorWatch

SETTINGS = ("steps", "batch_size", "lr", "crop_px", "learn_classes")


def work(run, beat):
    """Train, put the model together, measure and register it."""
    beat(force=True)
    if sentence := train.made_before(run):
        return sentence
    base = train.base_model(run)
    files, held_out = train.files_of(run)
    config = config_of(run, base)
    out = run_folder(run)
    train.note_begin(run, out)
    follow = train.Follower(run, beat, DetectorWatch(config, held_out, train.device()))
    with train.full_disk_told(run):
        train_detector(
            config, [(1.0, files)], out, first=train.weights_of(base, DETECTOR), about=train.about(run),
            device=train.device(), workers=train.cutters(), on_step=follow,
            save_every_s=settings.CHECKPOINT_S,
        )  # fmt: skip
        beat(force=True)
        state = checkpoint.load(out / FILE)
        return train.finish(
            run, beat,
            lambda folder: assemble.with_detector(
                folder, state, version=f"run {run.pk}", base=base, images=train.images_of(files),
            ),
        )  # fmt: skip


def config_of(run, base):
    """The training's configuration: settings of the run, and the shape of what it begins with."""
    of_base = base.about["detector"] if base else {"mode": "ours", "width": run.config["width"]}
    if of_base["mode"] != "ours":
        raise ValueError(
            f"{run.model_version} is a detector of kind “{of_base['mode']}”, which runs do not train."
        )
    return DetectorConfig(
        sources=({"dataset": run.dataset.sha256},), width=of_base["width"], seed=run.seed,
        **{name: run.config[name] for name in SETTINGS},
    )  # fmt: skip
