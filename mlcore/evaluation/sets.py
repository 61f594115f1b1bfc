"""What the benchmark is run on: simulated tiers, made when first asked for, and labelled sets in folds."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from annotations.outline import polygon_area
from mlcore.data.examples import Example, of_scene
from mlcore.data.labelled import LabelledFrame, read_labelled
from mlcore.data.sources import of_labelled
from mlcore.evaluation.folds import fold_of
from mlcore.evaluation.frames import Frame, read_truth
from mlcore.simulation.dataset import write_dataset
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import TIERS
from mlcore.simulation.tiers import tier as tier_named

# Scenes by these seeds are for nothing else; a training names others, and its tier is no test tier besides.
TEST_SEED = 9001
VALIDATION_SEED = 9002
SIMULATED = tuple(TIERS)
LABELS = {
    "ardagen": "ardagen/labels",
    "msa-em": "msa-em/labels",
    "creme": "creme/data/ds25s/fov200nm/clean.json",
}
TITLES = {
    "ardagen": "supported catalysts, boxes (ardagen)",
    "msa-em": "in-situ gold, masks (msa-em)",
    "creme": "defect loops, loose polygons (creme)",
}
NAMES = (*SIMULATED, *LABELS)
SLIVER_PX2 = 20.0  # what the frame's edge leaves of a particle and is smaller counts neither for nor against


@dataclass(frozen=True)
class TestFrame:
    """A frame of a set with its truth; `fold` names who may be asked about it, None for all."""

    __test__ = False  # no test case of pytest's

    labelled: LabelledFrame
    true: Frame
    fold: str | None = None
    rose: np.ndarray | None = None  # (K,), of simulated particles

    @property
    def name(self):
        return self.labelled.name

    def example(self):
        """The frame as networks and peers learn from it."""
        return of_labelled(self.labelled)


def load_set(name, *, data, work, frames=24, processes=1):
    """The frames of a set.

    Parameters
    ----------
    data : Path
        Folder of the labelled sets.
    work : Path
        Folder in which simulated frames are kept.
    frames : int
        Of a simulated tier.

    Raises
    ------
    FileNotFoundError
        In one sentence, where a labelled set is not on this machine.
    """
    if name in SIMULATED:
        return simulated(name, Path(work), frames, processes)
    if name not in LABELS:
        raise ValueError(f"There is no set “{name}”; choose from: {', '.join(NAMES)}.")
    path = Path(data) / LABELS[name]
    if not path.exists():
        raise FileNotFoundError(f"The set {name} is not on this machine: there is no {LABELS[name]}.")
    true = read_truth(path)
    return [
        TestFrame(one, _without_slivers(true[one.name], one), fold_of(name, one.name).name)
        for one in read_labelled(path)
    ]


def simulated(tier, work, frames, processes, seed=TEST_SEED):
    """Frames of a simulated tier, made when first asked for."""
    folder = work / "frames" / f"{tier}-s{seed}-{frames}"
    if not (folder / "coco.json").exists():  # written last
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_dataset(folder, count=frames, tier=tier, seed=seed, processes=processes)
    content = json.loads((folder / "coco.json").read_text(encoding="utf-8"))
    rose = {one["id"]: [] for one in content["images"]}
    for one in content["annotations"]:
        rose[one["image_id"]].append(one["rose_number"])
    by_name = {Path(one["file_name"]).stem: rose[one["id"]] for one in content["images"]}
    true = read_truth(folder / "coco.json")
    return [
        TestFrame(one, true[one.name], rose=np.array(by_name[one.name], float))
        for one in read_labelled(folder / "coco.json")
    ]


def validation_examples(count=8, side_px=320):
    """Simulated scenes on which the peers' settings are chosen for the simulated tiers."""
    return [
        of_scene(simulate(VALIDATION_SEED, k, tier_named("training"), (side_px, side_px)), f"v{k}")
        for k in range(count)
    ]


def others(frames, fold, most=8) -> list[Example]:
    """Frames of a set that a fold may learn from, as examples: some of them, evenly chosen."""
    allowed = [one for one in frames if one.fold != fold]
    chosen = np.unique(np.linspace(0, len(allowed) - 1, min(most, len(allowed))).round().astype(int))
    return [allowed[k].example() for k in chosen]


def is_sliver(boxes, size_px):
    """Whether boxes (K, 4) touch the frame's edge with less than SLIVER_PX2 of area, taken as ellipses."""
    x, y, width, height = np.asarray(boxes, float).reshape(-1, 4).T
    touches = (np.minimum(x, y) <= 0.5) | (x + width >= size_px[0] - 0.5) | (y + height >= size_px[1] - 0.5)
    return touches & (np.pi / 4 * width * height < SLIVER_PX2)


def _without_slivers(true, labelled):
    """The same truth, slivers ignored, and drawn specks that are a slip of the pen."""
    specks = [one is not None and polygon_area(one) < SLIVER_PX2 for one in labelled.outlines]
    slivers = is_sliver(true.boxes, labelled.size_px)
    return replace(true, is_ignored=true.is_ignored | slivers | np.array(specks, bool))
