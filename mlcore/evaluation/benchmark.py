"""Run a method over a set, frame by frame, and keep what it found; figures from what is kept."""

import hashlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from annotations.shape import measure_many
from mlcore.evaluation.evaluate import RESAMPLES, evaluate, pair
from mlcore.evaluation.frames import make_frame, read_predictions
from mlcore.evaluation.sets import LABELS, is_sliver
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.inference.table import rows, write_table

# Rose numbers between which recall is given; below 4 nobody can see a particle, and none counts.
ROSE_EDGES = (4, 6, 10, 20, 40, 80, 1e9)
AP = ("ap50", "ap50_95")


@dataclass(frozen=True)
class Result:
    """One method on one set. `counts` are matched, true and found of each frame, in the set's order."""

    method: str
    set_name: str
    digest: str
    figures: dict
    counts: list
    recall_by_rose: list  # (low, high, recall or None, particles)
    seconds: float  # of CPU, median of a frame
    is_new: bool = False

    @property
    def f1(self):
        return self.figures["f1"]["value"]


def run(method, set_name, frames, engines, digest, *, work, resamples=RESAMPLES, on_frame=None):
    """The figures of a method on a set.

    What is found on a frame is written at once, as `manage.py detect` writes it, so that a run that was
    stopped goes on, and one that was done is read.

    Parameters
    ----------
    engines : dict
        By the frames' fold.
    """
    folder = _folder(method, set_name, frames, digest, work)
    known = _read(folder / f"figures-{resamples}.json")
    if known is not None:
        return Result(**known)
    folder.mkdir(parents=True, exist_ok=True)
    seconds = _read(folder / "seconds.json") or {}
    for frame in frames:
        path = folder / f"{frame.name}.csv"
        if not path.exists() or frame.name not in seconds:
            seconds[frame.name] = _find(engines[frame.fold], frame, path)
            _write(folder / "seconds.json", seconds)
        if on_frame:
            on_frame(frame.name)
    found = read_predictions(folder)
    result = _scored(method, set_name, digest, frames, found, resamples)
    result = replace(result, seconds=float(np.median(list(seconds.values()))))
    _write(folder / f"figures-{resamples}.json", asdict(result))
    return replace(result, is_new=True)


def forget(method, set_name, frames, digest, *, work):
    """Delete what a method found on a set with these weights."""
    shutil.rmtree(_folder(method, set_name, frames, digest, work), ignore_errors=True)


def _folder(method, set_name, frames, digest, work):
    return Path(work) / "results" / f"{set_name}-{fingerprint(frames)[:8]}" / f"{method}-{digest[:12]}"


def fingerprint(frames):
    """One hash of a set's names and truth: results of another truth are other results."""
    whole = hashlib.sha256()
    for frame in frames:
        whole.update(frame.name.encode())
        whole.update(np.ascontiguousarray(np.round(frame.true.boxes, 2)).tobytes())
        whole.update(frame.true.is_ignored.tobytes())
    return whole.hexdigest()


def _find(engine, frame, path):
    """CPU seconds of the engine on a frame, whatever else the machine does; finds go to a table."""
    image, size_nm = frame.labelled.image(), frame.labelled.pixel_size_nm
    begun = time.process_time()
    found = engine.find(image, size_nm)
    took = time.process_time() - begun
    limits = (image.shape[1], image.shape[0])
    sizes = measure_many([one.outline for one in found], limits, size_nm and (size_nm, size_nm))
    write_table(path, rows(found, sizes))
    return took


def _scored(method, set_name, digest, frames, found, resamples):
    if set_name in LABELS:
        found = {one.name: _without_slivers(found[one.name], one.labelled.size_px) for one in frames}
    true = {one.name: one.true for one in frames}
    kept = {name: one.surer_than(DEFAULT_CONFIDENCE) for name, one in found.items()}
    figures = evaluate(true, kept, resamples=resamples)
    # Average precision is over all confidences, the other figures at the one from which detect tells.
    everything = evaluate(true, found, resamples=0)
    figures |= {name: {**everything[name], "low": None, "high": None} for name in AP}
    paired = [pair(true[one.name], kept.get(one.name, make_frame(one.name, [])), 0.5) for one in frames]
    counts = [[one.score.n_matched, one.score.n_true, one.score.n_found] for one in paired]
    return Result(
        method, set_name, digest, figures, counts, _recall_by_rose(frames, paired), seconds=float("nan")
    )


def _without_slivers(found, size_px):
    keep = ~is_sliver(found.boxes, size_px)
    return make_frame(
        found.name, found.boxes[keep], confidence=found.confidence[keep],
        sizes={key: values[keep] for key, values in found.sizes.items()},
        bounds={key: values[keep] for key, values in found.bounds.items()},
    )  # fmt: skip


def _recall_by_rose(frames, paired):
    if any(one.rose is None for one in frames):
        return []
    rose = np.concatenate([one.rose[~one.true.is_ignored] for one in frames])
    hit = np.concatenate([_is_matched(one, of) for one, of in zip(frames, paired, strict=True)])
    table = []
    for low, high in pairwise(ROSE_EDGES):
        inside = (rose >= low) & (rose < high)
        n = int(inside.sum())
        table.append([low, high, float(hit[inside].mean()) if n else None, n])
    return table


def _is_matched(frame, of):
    hit = np.zeros(len(frame.true), bool)
    hit[of.pairs[:, 0]] = True
    return hit[~frame.true.is_ignored]


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(path, content):
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    os.replace(part, path)
