"""The worker's side of a comparison: both members look at a frame, and one row keeps what they found of it.

A frame's row is unique for the run: killed at any moment, a run goes on with the next frame.
"""

import math

import numpy as np
from django.db.models import Sum

from annotations.models import Calibration, Frame
from annotations.services.measure import pixel_size_nm
from annotations.services.pixels import frame_pixels
from annotations.shape import measure_many
from mlcore.evaluation.evaluate import IOU, pair
from mlcore.evaluation.frames import make_frame
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.inference.familiarity import strangeness
from mlcore.models import ComparedFrame, ModelVersion
from mlcore.services.model_versions import LEARNED, engine_for

DIGITS = 4  # of a size; of what the encoder saw


def work(run, beat):
    """Compare the run's model with its second member on all frames that are not compared yet."""
    first, second = engine_for(LEARNED, run.model_version), _second(run)
    run.code_version = first.version
    run.save(update_fields=["code_version"])
    keys = run.config["frames"]
    frames = Frame.objects.ready().filter(pk__in=keys, acquisition__project=run.project_id)
    frames = {one.pk: one for one in frames.select_related("acquisition")}
    done = set(run.compared_frames.values_list("frame", flat=True))
    for n_done, key in enumerate(keys):
        if key in done or key not in frames:  # the latter: deleted meanwhile
            continue
        beat(steps_done=n_done, steps_total=len(keys), force=n_done == 0)
        values = _compared(frames[key], first, second, beat)
        ComparedFrame.objects.get_or_create(run=run, frame=frames[key], defaults=values)
    beat(steps_done=len(keys), steps_total=len(keys), force=True)
    return _sentence(run)


def _second(run):
    asked = run.config["second"]
    if asked["model"] is None:
        return engine_for(asked["engine"])
    model = ModelVersion.objects.filter(pk=asked["model"], project=run.project_id).first()
    if model is None:
        raise ValueError("The model that this one was to be compared with is gone; start another comparison.")
    return engine_for(asked["engine"], model)


def _compared(frame, first, second, beat):
    size_nm = pixel_size_nm(Calibration.objects.current_for(frame))
    mean_nm = size_nm and math.sqrt(size_nm[0] * size_nm[1])
    image = frame_pixels(frame)
    try:
        mine = _shown(first.find(image, mean_nm, lambda share: beat()))
        theirs = _shown(second.find(image, mean_nm, lambda share: beat()))
    except ValueError as error:
        return {"message": str(error)[:300]}
    score = pair(
        make_frame("second", [one.box for one in theirs]), make_frame("first", [one.box for one in mine]), IOU
    ).score
    return {
        "n_first": len(mine),
        "n_second": len(theirs),
        "n_both": score.n_matched,
        "agreement": score.f1 if mine or theirs else 1.0,
        "sizes": {
            "unit": "nm" if size_nm else "px",
            "first": _diameters(mine, size_nm),
            "second": _diameters(theirs, size_nm),
        },
        "interval_width": _width(mine),
        **_seen(first, image),
    }


def _shown(found):
    """Those that an editor would show at first."""
    return [one for one in found if one.confidence >= DEFAULT_CONFIDENCE]


def _diameters(found, size_nm):
    key = "ecd_nm" if size_nm else "ecd_px"
    measured = measure_many([one.outline for one in found], None, size_nm)
    return [float(f"{getattr(one, key):.{DIGITS}g}") for one in measured]


def _width(found):
    known = [one.estimate for one in found if one.estimate is not None]
    widths = [(one.ecd_factor_high - one.ecd_factor_low) / one.ecd_factor for one in known]
    return float(np.mean(widths)) if widths else None


def _seen(engine, image):
    """What the network's encoder saw, and how unlike what it learnt from that is."""
    try:
        features = engine.features(image)
    except ValueError:  # blank, or too small to look at
        return {"features": [], "strangeness": None}
    familiar = engine.model.about.get("familiar")
    return {
        "features": np.asarray(features, float).round(DIGITS).tolist(),
        "strangeness": strangeness(features, familiar) - familiar["limit"] if familiar else None,
    }


def _sentence(run):
    rows = run.compared_frames.all()
    refused = rows.exclude(message="")
    if rows and refused.count() == rows.count():
        raise ValueError(refused[0].message)
    sums = rows.aggregate(both=Sum("n_both"), first=Sum("n_first"), second=Sum("n_second"))
    whole = (sums["first"] or 0) + (sums["second"] or 0)
    text = (
        f"They agree on {2 * sums['both'] / whole:.0%} of what they found"
        if whole
        else "Neither found anything"
    )
    text = f"{text} on {rows.count()} image{'s' * (rows.count() != 1)}."
    if refused:
        text += f" {refused.count()} could not be searched: {refused[0].message}"
    return text
