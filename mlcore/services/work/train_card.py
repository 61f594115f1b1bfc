"""The model card that a training writes: what it is, what it learnt from, how good it is, and its limits."""

FIGURES = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "diameter_relative_error_median": "median error of the diameter",
    "diameter_coverage_90": "true diameters within the 90 % interval",
}


def card_of(run, model, figures):
    """Markdown."""
    config, composition = run.config, run.dataset.composition
    what = "detector" if run.kind == run.Kind.TRAIN_DETECTOR else "FeatureNet"
    begun = {"shipped": "the shipped model", "scratch": "random weights"}.get(config["base"])
    counts = ", ".join(
        f"{name} {one['frames']} frames with {one['particles']} particles"
        for name, one in composition.get("splits", {}).items()
    )
    settings = ", ".join(f"{name} {value}" for name, value in sorted(config.items()) if name != "base")
    lines = [
        f"# {model.version}",
        "",
        f"Run {run.pk} trained the {what}, beginning with {begun or run.model_version}.",
        "",
        f"- Dataset: {run.dataset}, SHA-256 `{run.dataset.sha256}` ({counts}).",
        f"- Settings: {settings}, seed {run.seed}.",
        f"- Weights: `{model.sha256[:12]}`.",
        "",
        "## On the validation frames",
        "",
        "Looked at while it was trained: not a test. Intervals are of 95 %, by bootstrap over frames.",
        "",
        "| figure | value | from | to |",
        "|---|---|---|---|",
    ]
    for name, title in FIGURES.items():
        one = figures.get(name)
        if one and one["value"] is not None:
            bounds = [f"{one[side]:.3f}" if one[side] is not None else "–" for side in ("low", "high")]
            lines.append(f"| {title} | {one['value']:.3f} | {bounds[0]} | {bounds[1]} |")
    lines += ["", "## What to know", "", *_limits(run, what, model)]
    return "\n".join(lines) + "\n"


def _limits(run, what, model):
    if what == "detector":
        if "judge" in model.about:
            yield "- What a find is worth was fitted for the model it began with, and kept."
        else:
            yield "- Confidences are the network's own: nobody has fitted what they are worth."
        if "intervals" in model.about:
            yield "- Intervals of size were calibrated with another detector; train FeatureNet on top of it."
    else:
        yield "- Intervals of size were calibrated on frames of the validation part, by specimen."
    if not run.config.get("learn_classes"):
        yield "- Classes were not learnt: they are told apart as before."
