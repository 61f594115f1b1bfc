"""The worker's side of synthesis: frames of the simulator, one by one, each known whole by its JSON.

Frames lie in the run's folder while they are made, also after it was cancelled; a run that goes on finds them
done. Once all are there they go into the storage as one folder that never changes.
"""

import json
import os
import shutil
import time

from annotations.display.thumbnail import thumbnail
from mlcore.services.progress import note_line
from mlcore.services.run_folder import run_folder, synthetic_folder
from mlcore.services.stored import is_stored, local_folder, store_folder
from mlcore.simulation.dataset import write_content, write_frame
from mlcore.simulation.request import tier_of

THUMBNAIL_PX = 192
LAST_STEPS = 10  # over which the time of one is told


def work(run, beat):
    """Make the run's frames; the sentence says how many particles are on them."""
    folder, count = run_folder(run), run.config["count"]
    beat(steps_total=count, force=True)
    if not is_stored(synthetic_folder(run.pk)):  # else it was killed behind its last step
        _make_all(run, folder, beat)
        _store(run, folder, beat)
    shutil.rmtree(folder / "frames", ignore_errors=True)
    content = json.loads((local_folder(synthetic_folder(run.pk)) / "coco.json").read_text("utf-8"))
    words = f"{len(content['annotations']):,} particles on {count:,} frame{'s' * (count != 1)}"
    if run.model_version is not None:
        words += f", refined by {run.model_version}"
    return f"{words}; they can be chosen as a source of a dataset."


def _make_all(run, folder, beat):
    (folder / "frames").mkdir(exist_ok=True)
    tier, write, took = tier_of(run.config), _writer(run), []
    for index in range(run.config["count"]):
        began = time.monotonic()
        if not _stem(folder, index).with_suffix(".json").is_file():
            _make(folder, index, tier, run.seed, run.config["size_px"], write)
            took = [*took[-LAST_STEPS:], time.monotonic() - began]
        beat(steps_done=index + 1, step_s=sum(took) / len(took) if took else None)
    beat(force=True)


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


def _store(run, folder, beat):
    whole = folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    (whole / "frames").mkdir(parents=True)
    stems = [_stem(folder, index) for index in range(run.config["count"])]
    for stem in stems:
        for suffix in (".tif", ".png", ".json"):
            os.link(stem.with_suffix(suffix), whole / "frames" / f"{stem.name}{suffix}")
        beat()
    write_content(whole / "coco.json", _Frames(stems, beat), run.config["tier"], run.seed)
    store_folder(whole, synthetic_folder(run.pk), on_file=beat)
    shutil.rmtree(whole, ignore_errors=True)


class _Frames:
    """Images and annotations, read anew each time: ten thousand frames are too many to hold."""

    def __init__(self, stems, beat):
        self.stems, self.beat = stems, beat

    def __iter__(self):
        for stem in self.stems:
            self.beat()
            content = json.loads(stem.with_suffix(".json").read_text("utf-8"))
            yield content["image"], content["annotations"]


def _stem(folder, index):
    return folder / "frames" / f"{index:05d}"
