"""From checkpoints to weights in use: half precision, what a confidence is worth, what is familiar."""

import tempfile
from pathlib import Path

import numpy as np

from mlcore.evaluation.sets import validation_examples
from mlcore.inference import graphs
from mlcore.inference.canonical import Canonical
from mlcore.inference.network import OVERVIEWS_PX, NetworkEngine
from mlcore.inference.preparation import cleaned
from mlcore.inference.tiling import MULTIPLE
from mlcore.inference.weights import DETECTOR, FEATURENET, amend, write_model
from mlcore.training import checkpoint, judging
from mlcore.training.familiar import fit as fit_familiar
from mlcore.training.strangers import strangers

STRANGERS_SEED, STRANGERS = 5, 400


def release(out, *, version, detector, featurenet=None, frames=(), folds=None, familiar=(), more=None):
    """Write a folder of weights for `NetworkEngine`.

    Parameters
    ----------
    detector, featurenet : Path
        Checkpoints of trainings.
    frames : sequence of (str, TestFrame)
        Sets' names and their frames with truth, that the weights did not learn from; of a labelled set each
        is shown to the weights of its own fold. From them all is fitted what a find is worth.
    folds : dict of str to Path, optional
        Folders of weights by fold. They too get their judges, each of what the other folds' weights saw.
    familiar : sequence of ndarray of shape (H, W)
        Frames of the kind that may be taken for known.
    more : dict, optional
        Kept in model.json.

    Raises
    ------
    ValueError
        If a checkpoint is not there, or of another network.
    """
    state = _loaded(detector)
    config = state["config"]
    about = {
        "version": version,
        "detector": {"mode": config["mode"], "width": config["width"], "step": state["step"]},
        "training": {"detector": {"config": _placeless(config), "about": state["about"]}},
        **(more or {}),
    }
    networks = {DETECTOR: state["average"]}
    about["ranges"] = _ranges(state["average"], familiar)
    if featurenet is not None:
        state = _loaded(featurenet)
        if not state.get("table"):
            raise ValueError(f"FeatureNet in “{featurenet}” has no intervals yet: train it to its end.")
        about["intervals"] = state["table"]
        about["training"]["featurenet"] = {
            "config": _placeless(state["config"]), "about": state["about"], "metrics": state["metrics"],
        }  # fmt: skip
        networks[FEATURENET] = state["average"]
    if frames or familiar:
        with tempfile.TemporaryDirectory() as folder:
            write_model(folder, about, networks)
            engine = NetworkEngine(folder)
            if frames:
                about |= _judgements(engine, frames, folds or {})
            if familiar:
                usual, others = (
                    [engine.features(image) for image in images]
                    for images in (familiar, strangers(STRANGERS_SEED, STRANGERS))
                )
                about["familiar"] = fit_familiar(usual, others)
    return write_model(out, about, networks)


def _ranges(weights, images):
    """What reaches the detector's convolutions, on simulated scenes and on frames: for 8 bits."""
    half = {name: one.half().numpy().astype(np.float32) for name, one in weights.items()}
    frames = [one.image for one in validation_examples()]
    views = [Canonical(one, 1.0) for one in frames]
    views += [Canonical(cleaned(one), min(OVERVIEWS_PX[-1] / max(one.shape), 1.0)) for one in images]
    batches = []
    for view in views:
        rows, columns = (slice(0, side // MULTIPLE * MULTIPLE) for side in view.shape)
        batches.append(view.window(rows, columns)[None, None])
    return {name: np.round(limits, 4).tolist() for name, limits in graphs.ranges_of(half, batches).items()}


def _judgements(engine, frames, folds):
    """What a find is worth: `judge`, and `confidence` for frames that are too large for the judge."""
    engines = {name: NetworkEngine(folder) for name, folder in folds.items()}
    names = list(engines)
    seen = []
    for k, (group, frame) in enumerate(frames):
        # Simulated frames, which no fold holds out, are shared among them.
        fold = frame.fold or (names[k % len(names)] if names else None)
        seen.append(judging.judged(engines.get(fold, engine), frame, group=group, fold=fold))
    for name, folder in folds.items():
        amend(folder, **_worth(engine, [one for one in seen if one.fold != name]))
    return _worth(engine, seen)


def _worth(engine, seen):
    """The peers of the benchmark have none of the maps that a judge asks: their own confidence has to do."""
    judge = {"judge": judging.fit(seen)} if engine.mode == "ours" else {}
    return judge | {"confidence": judging.trust(seen)}


def _placeless(config):
    """A configuration whose paths are cut to their last two parts: where they lay is nobody's business."""
    if isinstance(config, dict):
        return {name: _placeless(value) for name, value in config.items()}
    if isinstance(config, list | tuple):
        return [_placeless(value) for value in config]
    if isinstance(config, str) and Path(config).is_absolute():
        return "/".join(Path(config).parts[-2:])
    return config


def _loaded(path):
    path = Path(path)
    path = path / "checkpoint.pt" if path.is_dir() else path
    state = checkpoint.load(path)
    if state is None or "average" not in state:
        raise ValueError(f"“{path}” is no checkpoint of a training.")
    return state
