"""The worker's side of an evaluation: what a model finds on test frames, frame by frame, then its figures.

What was found on a frame is written at once in the run's folder: killed at any moment, a run goes on with the
next frame. The row with the figures comes last and is unique, so that twice does no harm.
"""

import os

from mlcore.evaluation.examples import (
    counts_of,
    figures_of,
    found_of,
    from_json,
    to_json,
    without_slivers,
)
from mlcore.models import Dataset, DatasetFrame, Evaluation
from mlcore.services.datasets import test_truth
from mlcore.services.lineage import learnt_by
from mlcore.services.model_versions import LEARNED, engine_for, shipped_version
from mlcore.services.run_folder import run_folder

TEST = DatasetFrame.Split.TEST


class NoTestError(ValueError):
    pass


def work(run, beat):
    """Evaluate the run's model on the test parts of its datasets; one sentence says how good it is."""
    engine = engine_for(LEARNED, run.model_version)
    run.code_version = engine.version
    run.save(update_fields=["code_version"])
    datasets = list(Dataset.objects.filter(pk__in=run.config["datasets"]).order_by("pk"))
    if not datasets:
        raise ValueError("The datasets of this evaluation are gone; start another.")
    total = DatasetFrame.objects.filter(dataset__in=datasets, split=TEST).count()
    progress = _Progress(beat, total)
    progress(force=True)
    told, refused = [], []
    for one in datasets:
        try:
            told.append(_on(run, one, engine, progress))
        except NoTestError as error:
            refused.append(str(error))
    if not told:
        raise ValueError(refused[0])
    sentences = told + refused
    return " ".join(sentences) if len(sentences) < 3 else f"{len(sentences)} datasets; {sentences[0]}"


def _on(run, dataset, engine, progress):
    learnt = learnt_by(run.model_version)
    rows = list(dataset.frames.filter(split=TEST).order_by("name"))
    fresh = [one for one in rows if not learnt.holds(one)]
    progress.skip(len(rows) - len(fresh))
    if not fresh:
        raise NoTestError(
            f"{run.model_version} learnt from every frame of the test part of {dataset}: "
            "these are no test of it; choose a dataset that was split as its own was."
        )
    kept = run_folder(run) / str(dataset.pk)
    kept.mkdir(exist_ok=True)
    truth = {one.name: one for one in test_truth(dataset, TEST)}
    true, found, notes = {}, {}, []
    for row in fresh:
        image = truth[row.name].image()
        true[row.name] = without_slivers(truth[row.name].truth, image.shape[::-1])
        found[row.name] = _found(kept / f"{row.pk}.json", row, image, engine, progress, notes)
        progress.one()
    counts = {name: counts_of(true[name], found[name]) for name in true}
    figures = figures_of(true, found, on_draw=progress)
    frames = [_frame(row, counts.get(row.name)) for row in rows]
    evaluation, _ = Evaluation.objects.get_or_create(
        model_version=run.model_version,
        shipped_version="" if run.model_version else shipped_version(),
        dataset=dataset,
        split=TEST,
        defaults={"figures": figures, "frames": frames, "run": run},
    )
    return _sentence(evaluation, dataset, len(fresh), len(rows) - len(fresh), notes)


def _found(path, row, image, engine, progress, notes):
    """What the engine finds on a test frame, read where it was written before."""
    if path.exists():
        return from_json(path.read_text(encoding="utf-8"))
    try:
        detections = engine.find(image, row.pixel_size_nm, lambda share: progress())
    except ValueError as error:
        notes.append(str(error))
        detections = []
    frame = found_of(row.name, detections, image.shape[::-1], row.pixel_size_nm)
    part = path.with_suffix(".part")
    part.write_text(to_json(frame), encoding="utf-8")
    os.replace(part, path)
    return frame


def _frame(row, counts):
    """What is kept of a frame: its counts, or that the model learnt from it and they were not asked for."""
    if counts is None:
        return {"name": row.name, "hash": row.pixels_sha256, "is_learnt": True}
    matched, n_true, n_found = counts
    return {"name": row.name, "hash": row.pixels_sha256, "matched": matched, "true": n_true, "found": n_found}


def _sentence(evaluation, dataset, n, n_learnt, notes):
    f1 = evaluation.figures["f1"]
    text = f"{dataset}: no F1, there are no particles on its {n} test frames."
    if f1["value"] is not None:
        bounds = "" if f1["low"] is None else f" ({f1['low']:.3f} to {f1['high']:.3f})"
        text = f"{dataset}: F1 {f1['value']:.3f}{bounds} on {n} test frame{'s' * (n != 1)}."
    if n_learnt:
        text += f" {n_learnt} more were left out: the model learnt from them."
    if notes:
        text += f" {len(notes)} could not be searched and count as empty: {notes[0]}"
    return text


class _Progress:
    """Frames done of all datasets, told by the run's beat."""

    def __init__(self, beat, total):
        self.beat, self.total, self.done = beat, total, 0

    def __call__(self, force=False):
        self.beat(steps_done=self.done, steps_total=self.total, force=force)

    def one(self):
        self.done += 1
        self()

    def skip(self, n):
        self.done += n
