"""Runs side by side: what was asked of each, what differs, and what came of it."""

from mlcore.models import Run

SETTINGS = {
    "kind": "Network", "dataset": "Dataset", "base": "Begun with", "steps": "Steps",
    "batch_size": "Batch size", "lr": "Learning rate", "crop_px": "Crop (px)", "width": "Width",
    "patch_px": "Patch (px)", "mode": "Mode",
    "learn_classes": "Learns classes", "seed": "Seed",
}  # fmt: skip
FIGURES = {
    "f1": "F1", "precision": "Precision", "recall": "Recall", "ap50": "AP at IoU 0.5",
    "diameter_relative_error_median": "Median error of the diameter",
    "diameter_coverage_90": "True diameters within the 90 % interval",
    "kid": "KID-etem of what it makes against real patches",
    "kid_sim": "KID-etem of simulated patches against real ones",
    "kid_real": "KID-etem of real patches against real ones",
    "kid_noise": "KID-etem of blurred noise against real patches",
    "diameter_mae_px": "Mean error of the diameter asked for (px)",
    "diameter_slope": "Slope of the measured diameter",
    "rejection_rate": "Share of particles left as simulated",
}  # fmt: skip
LOWER_IS_BETTER = {"diameter_relative_error_median", "kid", "diameter_mae_px", "rejection_rate"}
BASES = {"shipped": "the shipped model", "scratch": "random weights"}


def points_of(run):
    """Series -> list of (step, values), by step."""
    found = {}
    for series, step, values in run.points.order_by("step").values_list("series", "step", "values"):
        found.setdefault(series, []).append((step, values))
    return found


def settings_of(run):
    """What was asked of a run, as people call it."""
    values = {**run.config, "kind": run.get_kind_display(), "dataset": str(run.dataset), "seed": run.seed}
    values["base"] = BASES.get(run.config.get("base")) or str(run.model_version)
    return values


def compared(runs):
    """Tables for runs in order.

    Returns
    -------
    dict
        settings: rows of (name, values, whether they differ); figures: rows of (name, values, index of the
        best or None), on the validation frames; took: seconds a step and from start to end.
    """
    asked = [settings_of(run) for run in runs]
    rows = []
    for name, title in SETTINGS.items():
        values = [one.get(name) for one in asked]
        if any(value is not None for value in values):
            rows.append((title, values, len({str(value) for value in values}) > 1))
    final = [_final(run) for run in runs]
    figures = []
    for name, title in FIGURES.items():
        values = [one.get(name) for one in final]
        known = [value for value in values if value is not None]
        if known:
            best = (min if name in LOWER_IS_BETTER else max)(known)
            where = values.index(best) if len(known) > 1 and known.count(best) == 1 else None
            figures.append((title, values, where))
    return {"settings": rows, "figures": figures}


def _final(run):
    point = run.points.filter(series="final").last()
    return point.values if point else {}


def comparable(project):
    """The project's trainings, newest first."""
    kinds = [Run.Kind.TRAIN_DETECTOR, Run.Kind.TRAIN_FEATURENET, Run.Kind.TRAIN_GAN]
    return project.runs.filter(kind__in=kinds).select_related("dataset", "model_version")
