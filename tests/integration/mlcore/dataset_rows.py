"""Images that somebody reviewed, for tests of datasets."""

import hashlib

import numpy as np

from annotations.services.layers import working_layer
from annotations.services.review import record_review
from mlcore.models import Dataset, DatasetFrame, Run
from mlcore.services.datasets import folder_of
from mlcore.services.run_folder import synthetic_folder
from mlcore.services.stored import store_folder
from tests import phantoms
from tests.factories import make_acquisition, make_calibration, make_particle
from tests.stored import make_stored_frame

DISCS = [(40, 40, 20), (100, 60, 30), (60, 120, 24)]


def disc_frame(project, *, seed=0, specimen="", name=None, noise=0.1, pixel_size_nm=0.5, frames=1):
    """An acquisition of discs whose places depend on the seed; its frames, each with a working layer."""
    rng = np.random.default_rng(seed)
    name = name or f"{seed}-{len(specimen)}.tif"
    sha256 = hashlib.sha256(f"{name} {seed} {project.acquisitions.count()}".encode()).hexdigest()
    acquisition = make_acquisition(project, specimen=specimen, name=name, sha256=sha256)
    if pixel_size_nm:
        make_calibration(acquisition, pixel_size_nm)
    found = []
    for _ in range(frames):
        discs = [
            (float(x), float(y), d)
            for (x, y), d in zip(rng.uniform(25, 135, (3, 2)), (20, 30, 24), strict=True)
        ]
        image = phantoms.micrograph(160, discs, noise=noise, seed=seed)
        frame = make_stored_frame(acquisition, (image * 1000).astype(np.uint16))
        layer = working_layer(frame=frame)
        for x, y, d in discs:
            make_particle(layer, x=x - d / 2, y=y - d / 2, width=d, height=d)
        found.append(frame)
    return found


def reviewed_frames(project, by, count, **over):
    """So many frames, each of its own specimen unless told otherwise, all reviewed."""
    frames = []
    for k in range(count):
        frames += disc_frame(project, seed=k, name=f"disc_{k}.tif", **over)
    for frame in frames:
        review(frame, by)
    return frames


def review(frame, by):
    layer = working_layer(frame=frame)
    record_review(layer=layer, by=by, sequence=layer.sequence)
    return layer


def make_frozen(project, folder, note="", **over):
    """A ready dataset of one frame, with the files that pages ask for."""
    (folder / "frames").mkdir(parents=True)
    for name in ("frames/000000.npz", "frames/000000.png", "frames/000000.json", "coco.json"):
        (folder / name).write_text(f'{{"info": "{note}"}}')
    row = Dataset.objects.create(project=project, **{"name": f"discs {note}", "n_frames": 1, **over})
    store_folder(folder, folder_of(row.pk))
    DatasetFrame.objects.create(
        dataset=row, name=f"disc {note}.tif", origin="reviewed", specimen=f"grid {note}", split="train",
        file="frames/000000.npz", pixels_sha256="0" * 64, truth_sha256="0" * 64, perceptual_hash="0" * 16,
    )  # fmt: skip
    Dataset.objects.filter(pk=row.pk).update(status="ready", folder=folder_of(row.pk))
    row.refresh_from_db()
    return row


def make_synthesis(project, folder, note="", **over):
    """A run of the simulator that has made one frame."""
    (folder / "frames").mkdir(parents=True)
    for suffix in ("tif", "png", "json"):
        (folder / "frames" / f"00000.{suffix}").write_text(f'"{note}"')
    config = {"tier": "T1", "count": 1, "size_px": 64}
    run = Run.objects.create(
        project=project, kind="synthesise", engine="simulator", config=config, status="succeeded",
        steps_total=1, steps_done=1, message=note, **over,
    )  # fmt: skip
    store_folder(folder, synthetic_folder(run.pk))
    return run
