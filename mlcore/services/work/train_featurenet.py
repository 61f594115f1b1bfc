"""The worker's side of FeatureNet's training: a detector looks at all frames once, then it learns."""

from django.conf import settings

from mlcore.data.feature_shards import loaded
from mlcore.inference.weights import DETECTOR, FEATURENET, SHIPPED, read_model
from mlcore.services.progress import note_line
from mlcore.services.run_folder import run_folder
from mlcore.services.work import train
from mlcore.services.work.train import with_less_memory  # noqa: F401 (asked for by execute.py)
from mlcore.training import assemble, checkpoint
from mlcore.training.featurenet import train_featurenet
from mlcore.training.featurenet_config import FeatureNetConfig
from mlcore.training.featurenet_shards import group_of, prepare
from mlcore.training.watching import FeatureNetWatch

LEAST_SIZED = 10  # of fewer no interval holds nine of ten
HALVES = {"calibration": "to calibrate intervals on", "test": "to try them on"}
SETTINGS = ("steps", "batch_size", "lr", "learn_classes")


def work(run, beat):
    """Let the detector look, train, calibrate, put the model together, measure and register it."""
    beat(force=True)
    if sentence := train.made_before(run):
        return sentence
    base = train.base_model(run)
    looker = base or read_model(SHIPPED)  # random weights are FeatureNet's alone
    files, held_out = train.files_of(run)
    part_of = dict.fromkeys(files, "train") | _halves(run, held_out)
    out = run_folder(run)
    with train.full_disk_told(run):
        config = config_of(run, _checkpoint_of(looker, out / "detector.pt"))
        note_line(run, f"The detector looks at {len(part_of)} frames, once.")
        shards = prepare(
            config, list(part_of), out / "shards", device=train.device(), on_example=beat, part_of=part_of
        )
        _check_enough(shards)
        train.note_begin(run, out)
        follow = train.Follower(run, beat, FeatureNetWatch(config, shards["calibration"], train.device()))
        state = train_featurenet(
            config, shards, out, first=train.weights_of(base, FEATURENET), about=train.about(run),
            device=train.device(), on_step=follow, save_every_s=settings.CHECKPOINT_S,
        )  # fmt: skip
        beat(force=True)
        return train.finish(
            run, beat,
            lambda folder: assemble.with_featurenet(
                folder, state, version=f"run {run.pk}", base=looker
            ),
        )  # fmt: skip


def config_of(run, detector):
    """The training's configuration."""
    return FeatureNetConfig(
        sources=({"dataset": run.dataset.sha256},), detector=str(detector), seed=run.seed,
        **{name: run.config[name] for name in SETTINGS},
    )  # fmt: skip


def _checkpoint_of(model, path):
    """A model's detector in the form of a checkpoint, made once."""
    if model.about["detector"]["mode"] != "ours":
        raise ValueError("FeatureNet needs a detector that parts particles; choose another model.")
    if not path.exists():
        state = {"average": train.weights_of(model, DETECTOR), "config": dict(model.about["detector"])}
        checkpoint.save(path, state)
    return path


def _halves(run, held_out):
    """The validation frames in two, by specimen: one calibrates intervals, the other tries them."""
    groups = sorted({group_of(path) for path in held_out})
    if len(groups) < 2:
        raise ValueError(
            f"The validation part of “{run.dataset}” is of one specimen; FeatureNet needs two, one to "
            "calibrate intervals on and one to try them: freeze more specimens."
        )
    return {path: ("calibration", "test")[groups.index(group_of(path)) % 2] for path in held_out}


def _check_enough(shards):
    """Refuse what could not be calibrated before anything is learnt."""
    for part, purpose in HALVES.items():
        n = sum(int(loaded(str(path)).is_sized.sum()) for path in shards[part])
        if n < LEAST_SIZED:
            raise ValueError(
                f"The detector found {n} whole particles of known size {purpose} in the validation part; "
                f"FeatureNet needs {LEAST_SIZED}: freeze more images."
            )
