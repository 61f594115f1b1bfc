"""Models and frozen datasets as rows and files, made without a training."""

import json
import shutil

import numpy as np
from django.utils import timezone

from mlcore.data import frozen
from mlcore.data.examples import save
from mlcore.inference.weights import SHIPPED, amend
from mlcore.models import Dataset, DatasetFrame, Evaluation, Promotion
from mlcore.services.model_versions import register_model, shipped_version
from mlcore.services.stored import store_folder
from tests import phantoms
from tests.integration.run_rows import make_run

DISCS = [(40, 40, 20), (100, 60, 30), (60, 120, 24)]


def make_model(project, folder, *, note="a", run=None, parent=None, **over):
    """A model of the shipped weights whose model.json says something of its own, and so its hash."""
    shutil.copytree(SHIPPED, folder / note)
    amend(folder / note, note=note, **over)
    run = run or make_run(project, kind="train_detector", engine="", status="succeeded", config={"n": note})
    return register_model(run=run, folder=folder / note, title=f"Try {note}", parent=parent)


def disc(x, y, diameter):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = np.stack([x + diameter / 2 * np.cos(angle), y + diameter / 2 * np.sin(angle)], 1)
    return [x - diameter / 2, y - diameter / 2, diameter, diameter], outline.tolist(), "nanoparticle"


def make_dataset(
    project, folder, *, name="Gold", splits=("test",) * 3, seed=0, origin="reviewed", frames=None
):
    """A frozen dataset of drawn discs, its files in the storage; `frames` ties the rows to a project's."""
    dataset = Dataset.objects.create(
        project=project, name=name, status=Dataset.Status.FREEZING, n_frames=len(splits), sha256="0" * 64
    )
    place = folder / f"dataset-{dataset.pk}"
    place.mkdir()
    for k, split in enumerate(splits):
        image = phantoms.micrograph(160, DISCS, seed=seed + k)
        truth = frozen.drawn([disc(x, y, d) for x, y, d in DISCS], (160, 160), 0.5)
        example = frozen.example_of(f"f{k}", image, truth, f"s{seed + k}", 0.5)
        save(example, place / f"f{k}.npz")
        (place / f"f{k}.json").write_text(json.dumps({"truth": truth}))
        DatasetFrame.objects.create(
            dataset=dataset, frame=frames[k] if frames else None, name=f"f{k}", origin=origin,
            specimen=f"s{seed + k}", split=split, file=f"f{k}.npz", pixels_sha256=frozen.pixels_sha256(image),
            truth_sha256=frozen.truth_sha256(truth, 0.5), perceptual_hash="0" * 16, pixel_size_nm=0.5,
            n_particles=len(truth),
        )  # fmt: skip
    dataset.folder = f"datasets/test-{dataset.pk}"
    store_folder(place, dataset.folder)
    dataset.status, dataset.frozen_at = Dataset.Status.READY, timezone.now()
    dataset.save()
    return dataset


def make_evaluation(dataset, model=None, counts=((3, 3, 3),) * 12, learnt=()):
    """Figures as a run would have written them, of counts a frame: matched, true, found."""
    frames = [
        {"name": f"f{k}", "matched": m, "true": t, "found": f} if k not in learnt
        else {"name": f"f{k}", "is_learnt": True}
        for k, (m, t, f) in enumerate(counts)
    ]  # fmt: skip
    matched, true, found = np.sum(counts, axis=0).tolist()
    f1 = {"value": 2 * matched / (true + found), "low": 0.5, "high": 1.0, "n": true}
    names = ("f1", "precision", "recall", "ap50", "diameter_mae_nm")
    return Evaluation.objects.create(
        model_version=model, shipped_version="" if model else shipped_version(), dataset=dataset,
        figures=dict.fromkeys(names, f1), frames=frames,
    )  # fmt: skip


def make_promotion(project, model=None, **over):
    return Promotion.objects.create(
        **{"project": project, "number": project.promotions.count() + 1, "model_version": model, **over}
    )
