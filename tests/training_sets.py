"""A frozen dataset of drawn scenes, small enough to learn from in a test."""

import json
from dataclasses import replace

import numpy as np
from django.utils import timezone

from mlcore.data import examples, frozen
from mlcore.data.examples import KINDS, of_scene
from mlcore.models import Dataset, DatasetFrame
from mlcore.services.stored import store_folder
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier

PARTS = ("train", "train", "train", "val", "val", "test")


def make_dataset(project, tmp_path, *, parts=PARTS, side_px=160, tier_name="training", name="discs", **over):
    """A ready dataset; its rows and files as freezing writes them."""
    row = Dataset.objects.create(project=project, name=name, created_by=project.created_by)
    folder = tmp_path / f"dataset-{row.pk}"
    folder.mkdir(parents=True)
    splits = {part: {"frames": 0, "particles": 0} for part in ("train", "val", "test")}
    for number, part in enumerate(parts):
        example = of_scene(simulate(5, number, tier(tier_name), (side_px, side_px)), f"scene-{number}")
        example = replace(example, group=f"specimen-{number}")
        file = f"{example.name}.npz"
        examples.save(example, folder / file)
        truth = [truth_of(outline) for outline in example.outlines]
        (folder / file).with_suffix(".json").write_text(json.dumps({"truth": truth}))
        DatasetFrame.objects.create(
            dataset=row, name=example.name, origin="simulated", specimen=example.group, split=part, file=file,
            pixels_sha256=frozen.pixels_sha256(example.image), truth_sha256="0" * 64,
            perceptual_hash="0" * 16, pixel_size_nm=example.pixel_size_nm, n_particles=len(truth),
        )  # fmt: skip
        splits[part]["frames"] += 1
        splits[part]["particles"] += len(truth)
    store_folder(folder, f"datasets/{row.pk}")
    classes = {KINDS[0]: {part: one["particles"] for part, one in splits.items()}}
    values = {
        "status": Dataset.Status.READY, "folder": f"datasets/{row.pk}", "sha256": f"{row.pk:064x}",
        "n_frames": len(parts), "frozen_at": timezone.now(),
        "composition": {"splits": splits, "classes": classes}, **over,
    }  # fmt: skip
    Dataset.objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


def truth_of(outline):
    low, size = outline.min(0), np.ptp(outline, axis=0)
    return {
        "bbox": [*low.tolist(), *size.tolist()], "outline": outline.tolist(), "class": KINDS[0], "kind": 0,
        "is_ignored": False, "is_truncated": False,
    }  # fmt: skip
