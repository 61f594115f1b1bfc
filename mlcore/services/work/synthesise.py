"""The worker's side of synthesis: frames of the simulator, one by one, each known whole by its JSON.

Frames lie in the run's folder while they are made; a run that goes on finds them done. At its end, also when
it is cancelled, what there is goes into the storage as one folder that never changes.
"""

import json
import os
import shutil
import time

from annotations.display.thumbnail import thumbnail
from mlcore.services.beat import RunCancelled
from mlcore.services.progress import note_line
from mlcore.services.run_folder import run_folder, synthetic_folder
from mlcore.services.stored import is_stored, local_folder, store_folder
from mlcore.simulation.dataset import write_content, write_frame
from mlcore.simulation.request import tier_of

THUMBNAIL_PX = 192
LAST_STEPS = 10  # over which the time of one is told


def work(run, beat):
    """Make the run's frames; the sentence says how many particles are on them."""
    if is_stored(synthetic_folder(run.pk)):  # killed behind its last step
        return ""
    folder = run_folder(run)
    (folder / "frames").mkdir(exist_ok=True)
    config, tier = run.config, tier_of(run.config)
    write = _writer(run)
    beat(steps_done=0, steps_total=config["count"], force=True)
    made, took = 0, []
    try:
        for index in range(config["count"]):
            began = time.monotonic()
            if not _stem(folder, index).with_suffix(".json").is_file():
                _make(folder, index, tier, run.seed, config["size_px"], write)
                took = [*took[-LAST_STEPS:], time.monotonic() - began]
            made += 1
            beat(steps_done=made, step_s=sum(took) / len(took) if took else None)
    except RunCancelled:
        if made:
            _store(run, folder, made)
        raise
    beat(steps_done=made, force=True)
    n_particles = _store(run, folder, made)
    words = f"{n_particles:,} particles on {made:,} frame{'s' * (made != 1)}"
    if run.model_version is not None:
        words += f", refined by {run.model_version}"
    return f"{words}; they can be chosen as a source of a dataset."


def _writer(run):
    """What makes a frame: the simulator, or the run's GAN on top of it."""
    if run.model_version is None:
        return write_frame
    from mlcore.inference.refiner import Refiner  # with torch, which the simulator does without

    refiner = Refiner(local_folder(run.model_version.folder))
    if refiner.sha256 != run.model_version.sha256:
        raise ValueError(
            f"{run.model_version}: the stored weights are not those that were registered; "
            "restore them from a backup."
        )
    note_line(run, f"Frames are refined by {run.model_version}, SHA-256 {refiner.sha256[:12]}….")
    return refiner.write_frame


def _make(folder, index, tier, seed, side, write=write_frame):
    """A frame, its picture for lists, and last its truth."""
    stem = _stem(folder, index)
    scene, entry, annotations = write(stem.with_suffix(".tif"), tier, seed, index, (side, side))
    stem.with_suffix(".png").write_bytes(thumbnail(scene.image, THUMBNAIL_PX))
    part = stem.with_suffix(".part")
    part.write_text(json.dumps({"image": entry, "annotations": annotations}, allow_nan=False), "utf-8")
    os.replace(part, stem.with_suffix(".json"))


def _store(run, folder, made):
    whole = folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    (whole / "frames").mkdir(parents=True)
    stems = [_stem(folder, index) for index in range(made)]
    for stem in stems:
        for suffix in (".tif", ".png", ".json"):
            os.link(stem.with_suffix(suffix), whole / "frames" / f"{stem.name}{suffix}")
    frames = _Frames(stems)
    write_content(whole / "coco.json", frames, run.config["tier"], run.seed)
    store_folder(whole, synthetic_folder(run.pk))
    shutil.rmtree(whole, ignore_errors=True)
    shutil.rmtree(folder / "frames", ignore_errors=True)
    return frames.n_particles


class _Frames:
    """Images and annotations, read anew each time: ten thousand frames are too many to hold."""

    def __init__(self, stems):
        self.stems, self.n_particles = stems, 0

    def __iter__(self):
        self.n_particles = 0
        for stem in self.stems:
            content = json.loads(stem.with_suffix(".json").read_text("utf-8"))
            self.n_particles += len(content["annotations"])
            yield content["image"], content["annotations"]


def _stem(folder, index):
    return folder / "frames" / f"{index:05d}"
