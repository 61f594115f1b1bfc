"""Queue a training: of what, on which frozen dataset, from which weights; refused before a row is written."""

from django.core.exceptions import ValidationError

from mlcore.data.examples import KINDS
from mlcore.inference.engine import ENGINES
from mlcore.models import Dataset, Run
from mlcore.services.model_versions import LEARNED, champion_of
from mlcore.services.runs import start_run
from mlcore.training import limits

KINDS_OF_TRAINING = [Run.Kind.TRAIN_DETECTOR, Run.Kind.TRAIN_FEATURENET, Run.Kind.TRAIN_GAN]
CHAMPION, SHIPPED, SCRATCH, MODEL = "champion", "shipped", "scratch", "model"
BASES = {
    CHAMPION: "The model that this project uses",
    SHIPPED: "The shipped model",
    SCRATCH: "Nothing: random weights",
}
UNCLASSIFIED = "unclassified"  # as a dataset's composition names particles without a class
SPLITS = {"train": "training", "val": "validation"}
TITLE_CHARS = 80


def start_training(
    *, by, project, kind, dataset, base=CHAMPION, model_version=None, settings=None, learn_classes=False,
    width=None, seed=0, title="", mode="refiner",
) -> Run:  # fmt: skip
    """Queue the training of a detector, a FeatureNet or a GAN.

    Parameters
    ----------
    base : {"champion", "shipped", "scratch", "model"}
        Where its weights begin; "model" with a `model_version` of the project.
    settings : dict, optional
        Of `limits.LIMITS[kind]`; what is not named has its usual value.
    learn_classes : bool
        Without it, what the base knows of classes stays as it is.
    width : float, optional
        Of a detector from random weights, or of a GAN.
    mode : {"refiner", "parametric"}
        Of a GAN, which begins with random weights and looks at images alone.

    Raises
    ------
    ValidationError
        In one sentence at each field: a setting out of range, a dataset that is not ready, too small or of
        one class only, a model whose classes do not match, or the same training under way.
    """
    if kind not in KINDS_OF_TRAINING:
        raise ValidationError({"kind": f"Choose one of: {', '.join(KINDS_OF_TRAINING)}."})
    is_gan = kind == Run.Kind.TRAIN_GAN
    if is_gan:
        base, model_version, learn_classes = SCRATCH, None, False
    base, model_version = _base(project, kind, base, model_version)
    settings = limits.usual(kind, base == SCRATCH) | (settings or {})
    wrong = limits.refusals(kind, settings)
    if isinstance(seed, bool) or not isinstance(seed, int) or limits.SEED.refusal("Seed", seed):
        wrong["seed"] = f"Seed must be a whole number from 0 to {limits.SEED.most:,}, got {seed}."
    widths = limits.GAN_WIDTHS if is_gan else limits.WIDTHS
    width = (limits.GAN_WIDTHS[0] if is_gan else 0.5) if width is None else width
    has_width = is_gan or (kind == Run.Kind.TRAIN_DETECTOR and base == SCRATCH)
    if has_width and width not in widths:
        wrong["width"] = f"Width must be one of {', '.join(map(str, widths))}, got {width}."
    if is_gan and mode not in limits.GAN_MODES:
        wrong["mode"] = f"Mode must be one of {', '.join(limits.GAN_MODES)}, got “{mode}”."
    if is_gan and mode == "parametric" and settings.get("patch_px") != limits.PARAMETRIC_PX:
        wrong.setdefault(
            "patch_px", f"Patch must be {limits.PARAMETRIC_PX} for a GAN that makes patches of nothing."
        )
    title = " ".join(str(title).split())
    if len(title) > TITLE_CHARS:
        wrong["title"] = f"A title has at most {TITLE_CHARS} characters, this one {len(title)}."
    if wrong:
        raise ValidationError(wrong)
    settings = limits.whole(kind, settings)
    check_dataset(project, dataset, model_version, learn_classes=learn_classes, is_labelled=not is_gan)
    config = {"base": base, **settings, "learn_classes": bool(learn_classes)}
    if has_width:
        config["width"] = width
    if is_gan:
        config["mode"] = mode
    if title:
        config["title"] = title
    return start_run(
        by=by, project=project, kind=kind, dataset=dataset, model_version=model_version, config=config,
        seed=seed, steps_total=settings["steps"],
    )  # fmt: skip


def check_dataset(project, dataset, model_version=None, *, learn_classes=False, is_labelled=True):
    """Whether a dataset can be learnt from; ValidationError at the field `dataset` says why not."""
    if dataset is None:
        raise _refused("Choose a frozen dataset to learn from.")
    if dataset.project_id != project.pk:
        raise _refused("This dataset belongs to another project.")
    if dataset.status == Dataset.Status.FAILED:
        raise _refused(f"“{dataset}” could not be frozen and holds nothing; choose another.")
    if dataset.status != Dataset.Status.READY:
        raise _refused(f"“{dataset}” is still being frozen; wait until it is ready.")
    splits = dataset.composition.get("splits", {})
    for split, name in SPLITS.items():
        there = splits.get(split, {})
        for what, least in (("frames", limits.LEAST_FRAMES), ("particles", limits.LEAST_PARTICLES)):
            if what == "particles" and not is_labelled:
                continue
            n = there.get(what, 0)
            if n < least[split]:
                raise _refused(
                    f"“{dataset}” is too small: its {name} part has {n} {what}, and a training needs at "
                    f"least {least[split]}; review more images and freeze it again."
                )
    if learn_classes:
        _check_classes(dataset, model_version)


def _check_classes(dataset, model_version):
    counts = {name: one.get("train", 0) for name, one in dataset.composition.get("classes", {}).items()}
    if n := counts.pop(UNCLASSIFIED, 0):
        raise _refused(
            f"{n:,} particles in the training part of “{dataset}” have no class, so classes cannot be learnt "
            "from it; give them one, or leave classes as they are."
        )
    known = {name.casefold() for name in (model_version.classes if model_version else KINDS)}
    strange = sorted(name for name, n in counts.items() if n and name.casefold() not in known)
    if strange:
        whose = str(model_version or "The shipped model")
        names = "”, “".join(strange)
        raise _refused(
            f"The classes do not match: “{dataset}” has “{names}”, and {whose} tells "
            f"{', '.join(sorted(known))} apart; rename the class, or leave classes as they are.",
        )
    present = sorted(name for name, n in counts.items() if n)
    if len(present) < 2:
        what = f"one class, “{present[0]}”," if present else "no class"
        raise _refused(
            f"The training part of “{dataset}” has {what} and telling classes apart needs two; add images "
            "with another, or leave classes as they are."
        )


def _base(project, kind, base, model_version):
    """The base as it is kept, and the model that it names."""
    if base == CHAMPION:
        model_version = champion_of(project)
        base = MODEL if model_version else SHIPPED
    if base == MODEL:
        if model_version is None:
            raise ValidationError({"base": "Say which model the training begins with."})
        if model_version.project_id != project.pk:
            raise ValidationError({"base": "This model belongs to another project."})
        return base, model_version
    if base == SHIPPED:
        if LEARNED not in ENGINES:
            raise ValidationError(
                {"base": "This installation has no shipped weights; begin with random ones."}
            )
        return base, None
    if base != SCRATCH:
        raise ValidationError({"base": f"There is no base “{base}”; choose one of: {', '.join(BASES)}."})
    if kind == Run.Kind.TRAIN_FEATURENET and LEARNED not in ENGINES:
        raise ValidationError(
            {"base": "FeatureNet learns what a detector finds, and there is none; train one first."}
        )
    return base, None


def _refused(sentence):
    return ValidationError({"dataset": sentence})
