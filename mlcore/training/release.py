"""From checkpoints to weights in use: half precision, what a confidence is worth, what is familiar."""

import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from mlcore.evaluation.evaluate import pair
from mlcore.evaluation.frames import make_frame
from mlcore.inference import familiarity
from mlcore.inference.network import NetworkEngine
from mlcore.inference.weights import DETECTOR, FEATURENET, write_model
from mlcore.training import checkpoint

IOU = 0.5


def release(out, *, version, detector, featurenet=None, judged=(), familiar=(), more=None):
    """Write a folder of weights for `NetworkEngine`.

    Parameters
    ----------
    detector, featurenet : Path
        Checkpoints of trainings.
    judged : sequence of (folder or None, frames)
        Frames with truth (`evaluation.sets.TestFrame`) that the weights in `folder` did not learn from, None
        for the weights made here: from them all, each group with the same weight, is fitted what a
        confidence is worth.
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
    if featurenet is not None:
        state = _loaded(featurenet)
        if not state.get("table"):
            raise ValueError(f"FeatureNet in “{featurenet}” has no intervals yet: train it to its end.")
        about["intervals"] = state["table"]
        about["training"]["featurenet"] = {
            "config": _placeless(state["config"]), "about": state["about"], "metrics": state["metrics"],
        }  # fmt: skip
        networks[FEATURENET] = state["average"]
    if judged or familiar:
        with tempfile.TemporaryDirectory() as folder:
            write_model(folder, about, networks)
            engine = NetworkEngine(folder, runtime="torch")
            if judged:
                about["confidence"] = trust(
                    [
                        judgements(NetworkEngine(other) if other else engine, frames)
                        for other, frames in judged
                    ]
                )
            if familiar:
                about["familiar"] = familiarity.fit([engine.features(image) for image in familiar])
    return write_model(out, about, networks)


def judgements(engine, frames):
    """(raw confidence (D,), whether it is a particle (D,)) of all that an engine finds on frames."""
    raw, is_hit = [], []
    for frame in frames:
        found = engine.find(frame.labelled.image())
        mine = make_frame(frame.name, [one.box for one in found])
        hit = pair(frame.true, mine, IOU).hit
        raw += [engine.raw(one.confidence) for one, counts in zip(found, hit >= 0, strict=True) if counts]
        is_hit += (hit[hit >= 0] == 1).tolist()
    return np.array(raw), np.array(is_hit, bool)


def trust(groups):
    """Slope and offset of the logistic from raw confidence to the share that are particles.

    By maximum likelihood (J. Platt 1999); each group of (raw, is_hit) has the same weight.
    """
    groups = [(raw, hit) for raw, hit in groups if len(raw)]
    odds = np.concatenate(
        [np.log(np.clip(raw, 1e-4, 1 - 1e-4) / np.clip(1 - raw, 1e-4, 1)) for raw, _ in groups]
    )
    sign = np.concatenate([2.0 * hit - 1 for _, hit in groups])
    weight = np.concatenate([np.full(len(hit), 1 / len(hit)) for _, hit in groups])

    def cost(parameters):
        slope, offset = parameters
        return (weight * np.logaddexp(0, -sign * (slope * odds + offset))).sum()

    slope, offset = minimize(cost, [1.0, 0.0]).x
    return {"slope": float(max(slope, 0.05)), "offset": float(offset)}


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
