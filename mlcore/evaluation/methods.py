"""What is compared: engines by name, each with the weights or the settings that a set's folds allow."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from mlcore.evaluation import tuning
from mlcore.evaluation.sets import LABELS, others, validation_examples
from mlcore.inference.classical import ClassicalEngine
from mlcore.inference.peers.forest import Forest, ForestEngine
from mlcore.inference.peers.log import LogEngine
from mlcore.inference.peers.otsu import OtsuEngine
from mlcore.inference.weights import ABOUT, SHIPPED, read_model

OURS = "network"


class NotRunError(Exception):
    """Why a method has no figures on a set, in one sentence."""


@dataclass(frozen=True)
class Method:
    """`kind` says where the engine comes from: weights, settings chosen on frames, or the code."""

    name: str
    title: str
    kind: str  # "network", "tuned" or "fixed"


METHODS = {
    one.name: one
    for one in (
        Method(OURS, "**ours**", "network"),
        Method("classical", "classical engine", "fixed"),
        Method("otsu", "Otsu + watershed", "tuned"),
        Method("log", "multi-scale LoG", "tuned"),
        Method("forest", "random forest on filter features", "tuned"),
        Method("paper", "paper mode (one channel, Dice + BCE)", "network"),
        Method("stardist", "StarDist-type head, 32 rays", "network"),
        Method("flows", "Cellpose-type head, flows", "network"),
    )
}


def prepare(name, set_name, frames, *, weights, work):
    """Engines of a method for a set.

    Parameters
    ----------
    weights : Path or None
        Folder that holds <method>/ with a model, and <method>/<fold>/ with one for each fold.
    work : Path
        Folder in which chosen settings are kept.

    Returns
    -------
    engines : dict
        Fold's name, or None for all frames of a simulated tier -> engine.
    digest : str
        One hash of all weights and settings.

    Raises
    ------
    NotRunError
        If the method cannot be run here, or may not on this set.
    """
    method = METHODS[name]
    names = sorted({one.fold for one in frames}, key=str)
    if method.kind == "fixed":
        engine = ClassicalEngine()
        return dict.fromkeys(names, engine), _digest(engine.name + engine.version)
    if method.kind == "tuned":
        engines = {one: _tuned(name, set_name, frames, one, Path(work)) for one in names}
        return engines, _digest("".join(_settings_text(engines[one]) for one in names))
    folders = _folders(name, set_name, names, weights)
    try:
        models = {folder: _model(name, folder) for folder in dict.fromkeys(folders.values())}
        built = {folder: _network(folder) for folder in models}
    except ValueError as error:
        raise NotRunError(str(error)) from None
    return (
        {one: built[folder] for one, folder in folders.items()},
        _digest("".join(one.sha256 for one in models.values())),
    )


def _model(name, folder):
    model = read_model(folder)
    mode = model.about["detector"]["mode"]
    if mode != ("ours" if name == OURS else name):
        raise ValueError(f"the weights in “{folder}” are of mode “{mode}”")
    return model


def _network(folder):
    from mlcore.inference.network import NetworkEngine  # torch takes seconds to load: not for --help

    return NetworkEngine(folder)


def _folders(name, set_name, folds, weights):
    """Where the weights for each fold lie; those that learnt from a set are never asked about it."""
    root = None if weights is None else Path(weights) / name
    one_for_all = root if root and (root / ABOUT).exists() else SHIPPED if name == OURS else None
    if folds == [None]:
        if one_for_all is None or not (one_for_all / ABOUT).exists():
            raise NotRunError("weights not available here")
        return {None: one_for_all}
    by_fold = {one: root / one for one in folds if root and (root / one / ABOUT).exists()}
    if len(by_fold) == len(folds):
        return by_fold
    if by_fold:
        missing = ", ".join(one for one in folds if one not in by_fold)
        raise NotRunError(f"no weights for the folds {missing}")
    if one_for_all is None or not (one_for_all / ABOUT).exists():
        raise NotRunError("weights not available here")
    learnt = _sources(one_for_all)
    if learnt is None or any("simulate" not in one for one in learnt):
        raise NotRunError(f"the weights may have learnt from {set_name}, and there are none for each fold")
    return dict.fromkeys(folds, one_for_all)


def _sources(folder):
    """What a model learnt from, as its model.json says; None where it does not."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    for place in (about, about.get("detector", {}), about.get("config", {}), about.get("training", {})):
        if isinstance(place, dict) and place.get("sources"):
            return place["sources"]
    return None


def _tuned(name, set_name, frames, fold, work):
    """An engine with the settings that frames outside of the fold, or validation scenes, chose."""
    folder = work / "settings" / (f"{set_name}-without-{fold}" if set_name in LABELS else "simulated")
    try:
        kept = _kept(name, folder)
        if kept is not None:
            return kept
        examples = others(frames, fold) if set_name in LABELS else validation_examples()
        engine = {"otsu": tuning.tuned_otsu, "log": tuning.tuned_log, "forest": tuning.tuned_forest}[name](
            examples
        )
    except ValueError as error:
        raise NotRunError(str(error)) from None
    folder.mkdir(parents=True, exist_ok=True)
    if name == "forest":
        engine.forest.save(folder / "forest.npz")
    (folder / f"{name}.json").write_text(json.dumps(settings(engine)), encoding="utf-8")
    return engine


def _kept(name, folder):
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if name == "forest":
            return ForestEngine(Forest.load(folder / "forest.npz"), **stored)
        return {"otsu": OtsuEngine, "log": LogEngine}[name](**stored)
    except (TypeError, ValueError):
        raise ValueError(f"“{path}” holds no settings; delete it, and they are chosen anew.") from None


def settings(engine):
    """Plain values of an engine's settings, a forest's trees left out."""
    return {name: getattr(engine, name) for name in engine.__dataclass_fields__ if name != "forest"}


def _settings_text(engine):
    trees = engine.forest.digest if isinstance(engine, ForestEngine) else ""
    return f"{engine.name}{engine.version}{json.dumps(settings(engine), sort_keys=True)}{trees}"


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()
