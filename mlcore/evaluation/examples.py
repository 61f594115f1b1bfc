"""A model's figures on frozen examples, and the counts of each by which two models are compared."""

import json
import math
from dataclasses import replace

import numpy as np

from annotations.shape import measure_many
from mlcore.data.labelled import SIZES
from mlcore.evaluation.evaluate import IOU, RESAMPLES, evaluate, pair
from mlcore.evaluation.frames import Frame, make_frame
from mlcore.evaluation.sets import is_sliver
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.inference.table import sizes_of

AP = ("ap50", "ap50_95")


def without_slivers(true, size_px):
    """A true frame in which slivers at the edge count neither for nor against."""
    return replace(true, is_ignored=true.is_ignored | is_sliver(true.boxes, size_px))


def found_of(name, detections, size_px, pixel_size_nm=None):
    """What an engine found on a frame, in the same form; slivers at the edge are left out."""
    sizes = measure_many([one.outline for one in detections], size_px, pixel_size_nm)
    known = [
        sizes_of(one.estimate, size) for one, size in zip(detections, sizes, strict=True)
    ]  # each three of (value, low, high)
    table = np.array([[[_number(v) for v in triple] for triple in one] for one in known], float)
    table = table.reshape(-1, len(SIZES), 3)
    frame = make_frame(
        name, [one.box for one in detections], confidence=[one.confidence for one in detections],
        sizes={key: table[:, k, 0] for k, key in enumerate(SIZES)},
        bounds={key: table[:, k, 1:] for k, key in enumerate(SIZES)},
    )  # fmt: skip
    return _kept(frame, ~is_sliver(frame.boxes, size_px))


def counts_of(true, found):
    """Matched, true and found particles of a frame, at the confidence from which suggestions are shown."""
    score = pair(true, found.surer_than(DEFAULT_CONFIDENCE), IOU).score
    return [int(score.n_matched), int(score.n_true), int(score.n_found)]


def figures_of(true, found, *, resamples=RESAMPLES, seed=0, on_draw=None):
    """Figures of `evaluate` for frames by name.

    Average precision is over all confidences, the others at the one from which suggestions are shown.
    """
    kept = {name: one.surer_than(DEFAULT_CONFIDENCE) for name, one in found.items()}
    figures = evaluate(true, kept, resamples=resamples, seed=seed, on_draw=on_draw)
    whole = evaluate(true, found, resamples=0)
    return figures | {name: {**whole[name], "low": None, "high": None} for name in AP}


def to_json(frame):
    """What `found_of` gave, as text that `from_json` reads; NaN becomes null."""
    content = {
        "name": frame.name,
        "boxes": frame.boxes.tolist(),
        "confidence": frame.confidence.tolist(),
        "sizes": {key: _plain(frame.sizes[key]) for key in SIZES},
        "bounds": {key: [_plain(row) for row in frame.bounds[key]] for key in SIZES},
    }
    return json.dumps(content, allow_nan=False)


def from_json(text):
    content = json.loads(text)
    sizes = {key: [_number(v) for v in values] for key, values in content["sizes"].items()}
    bounds = {key: [[_number(v) for v in row] for row in values] for key, values in content["bounds"].items()}
    return make_frame(
        content["name"], content["boxes"], confidence=content["confidence"], sizes=sizes, bounds=bounds
    )


def _kept(frame, keep):
    return Frame(
        frame.name, frame.boxes[keep], frame.confidence[keep],
        {key: values[keep] for key, values in frame.sizes.items()},
        frame.is_ignored[keep], frame.is_truncated[keep],
        {key: values[keep] for key, values in frame.bounds.items()},
    )  # fmt: skip


def _plain(values):
    return [float(one) if np.isfinite(one) else None for one in values]


def _number(value):
    return math.nan if value is None else float(value)
