"""A folder of weights from one training: what it learnt, and of the model it began with all the rest."""

import tempfile

import numpy as np
import torch

from mlcore.data.examples import KINDS
from mlcore.evaluation.sets import validation_examples
from mlcore.inference import graphs
from mlcore.inference.canonical import Canonical
from mlcore.inference.network import OVERVIEWS_PX, NetworkEngine
from mlcore.inference.preparation import MIN_SIDE_PX, cleaned
from mlcore.inference.tiling import MULTIPLE
from mlcore.inference.weights import DETECTOR, FEATURENET, tensors, write_model
from mlcore.training.familiar import fit as fit_familiar
from mlcore.training.strangers import strangers

STRANGERS_SEED, STRANGERS = 5, 80
# Scenes beside the own frames, which may be few and all of a kind: with 6, what came next was called strange.
SIMULATED = 24
MOST_FRAMES, MOST_FOR_RANGES = 60, 8
WORTH = ("judge", "confidence")


def with_detector(out, state, *, version, base=None, images=(), more=None):
    """Write the model of a detector's training; FeatureNet and what a find is worth are the base's.

    Parameters
    ----------
    state : dict
        The training's checkpoint.
    base : Model, optional
        What it began with.
    images : sequence of ndarray of shape (H, W)
        Frames of the kind it is for: ranges for 8 bits and what is familiar are measured on them.
    """
    config, known = state["config"], base.about if base else {}
    about = {
        "version": version,
        "detector": {"mode": config["mode"], "width": config["width"], "step": state["step"]},
        "classes": list(KINDS),
        "training": {
            **known.get("training", {}), "detector": {"config": config, "about": state["about"]}
        },
        **{name: known[name] for name in (*WORTH, "intervals") if name in known},
        **(more or {}),
    }  # fmt: skip
    networks = {DETECTOR: state["average"]}
    if base and FEATURENET in known["files"]:
        networks[FEATURENET] = _torch(tensors(base.path(FEATURENET)))
    usual = [one for one in images if min(one.shape) >= 4 * MIN_SIDE_PX and cleaned(one) is not None]
    usual = usual[:: max(-(-len(usual) // MOST_FRAMES), 1)]
    usual += [one.image for one in validation_examples(SIMULATED)]
    about["ranges"] = ranges_of(state["average"], usual[-MOST_FOR_RANGES:])
    with tempfile.TemporaryDirectory() as folder:
        write_model(folder, about, networks)
        engine = NetworkEngine(folder)
        others = strangers(STRANGERS_SEED, STRANGERS)
        seen = [[engine.features(image) for image in some] for some in (usual, others)]
    about["familiar"] = fit_familiar(*seen)
    return write_model(out, about, networks)


def with_featurenet(out, state, *, version, base, more=None):
    """Write the model of a FeatureNet's training beside the detector that found what it learnt from."""
    known = {name: value for name, value in base.about.items() if name != "files"}
    about = {
        "classes": list(KINDS),
        **known,
        "version": version,
        "intervals": state["table"],
        "training": {
            **known.get("training", {}),
            "featurenet": {
                "config": state["config"], "about": state["about"], "metrics": state["metrics"],
            },
        },
        **(more or {}),
    }  # fmt: skip
    networks = {DETECTOR: _torch(tensors(base.path(DETECTOR))), FEATURENET: state["average"]}
    return write_model(out, about, networks)


def ranges_of(weights, images):
    """What reaches the detector's convolutions on frames: for 8 bits."""
    half = {name: one.half().numpy().astype(np.float32) for name, one in weights.items()}
    views = [Canonical(cleaned(one), min(OVERVIEWS_PX[-1] / max(one.shape), 1.0)) for one in images]
    batches = []
    for view in views:
        rows, columns = (slice(0, side // MULTIPLE * MULTIPLE) for side in view.shape)
        batches.append(view.window(rows, columns)[None, None])
    return {name: np.round(limits, 4).tolist() for name, limits in graphs.ranges_of(half, batches).items()}


def _torch(arrays):
    return {name: torch.from_numpy(one) for name, one in arrays.items()}
