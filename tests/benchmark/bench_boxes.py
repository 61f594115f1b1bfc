"""What boxes are worth: the same simulated scenes learnt with masks, with boxes, and with a teacher's round.

    ./etem bench boxes

A quarter-width detector, 128 px crops, a few hundred steps: small enough for a few minutes on one core. The
figures are shares of full supervision; none of these is a detector anybody would use.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch

from annotations.outline import polygon_area
from mlcore.data.examples import of_scene, save
from mlcore.data.sources import of_boxes
from mlcore.data.targets import label_map
from mlcore.evaluation.matching import box_iou, match
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier
from mlcore.training.config import DetectorConfig
from mlcore.training.detector import train_detector
from mlcore.training.teacher import Teacher
from tests.benchmark.report import Row

TIER, SIDE_PX = "T2", 256
TRAIN, TEST = range(24), range(100, 112)
STEPS = 200
SEED = 0
SHARE_WANTED = 0.93


def scenes(numbers):
    """Simulated bright and dark fields with their masks."""
    return [of_scene(simulate(SEED, k, tier(TIER), (SIDE_PX, SIDE_PX)), f"s{k}") for k in numbers]


def boxes_of(example):
    """Boxes (K, 4) of what can be seen, as a person would draw them: to a pixel."""
    seen = [one for one, ignored in zip(example.outlines, example.is_ignored, strict=True) if not ignored]
    low = [np.floor(one.min(0)) for one in seen]
    size = [np.ceil(one.max(0)) - start for one, start in zip(seen, low, strict=True)]
    boxes = np.concatenate([np.reshape(low, (-1, 2)), np.reshape(size, (-1, 2))], axis=1)
    return boxes[(boxes[:, 2:] >= 2).all(1)]


def trained(examples, folder):
    """A detector that learnt from examples, as a function of an image and boxes."""
    folder.mkdir()
    paths = [folder / f"{one.name}.npz" for one in examples]
    for one, path in zip(examples, paths, strict=True):
        save(one, path)
    config = DetectorConfig(
        sources=[{"simulate": {"tier": TIER, "count": len(TRAIN)}}], width=0.25, crop_px=128, batch_size=4,
        steps=STEPS, lr=2e-3, ema=0.98, seed=SEED,
    )  # fmt: skip
    train_detector(config, [(1.0, paths)], folder, workers=0)
    return Teacher(folder / "checkpoint.pt")


def scored(detector, tests):
    """Dice of all foregrounds, and the mean relative error of diameters of what was found."""
    overlap = total = 0
    errors, n_true = [], 0
    for one in tests:
        true = [outline for outline, out in zip(one.outlines, one.is_ignored, strict=True) if not out]
        boxes = boxes_of(one)
        found = detector.found(one.image, boxes)
        is_true, is_found = (label_map(some, one.image.shape)[0] > 0 for some in (true, found))
        overlap += 2 * int((is_true & is_found).sum())
        total += int(is_true.sum()) + int(is_found.sum())
        pairs = match(box_iou(_boxes(true), _boxes(found)), 0.5).pairs
        n_true += len(true)
        errors += [abs(np.sqrt(polygon_area(found[j]) / polygon_area(true[k])) - 1) for k, j in pairs]
    return overlap / total, float(np.median(errors)) if errors else float("nan"), len(errors) / n_true


def _boxes(outlines):
    return np.array([[*one.min(0), *np.ptp(one, axis=0)] for one in outlines], float).reshape(-1, 4)


def run():
    torch.set_num_threads(1)
    known, tests = scenes(TRAIN), scenes(TEST)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        by_boxes = [of_boxes(one.name, one.image, boxes_of(one)) for one in known]
        kept = sum(len(one.outlines) for one in by_boxes)
        n_boxes = kept + sum(len(one.boxes) for one in by_boxes)
        full = scored(trained(known, folder / "masks"), tests)
        pupil = trained(by_boxes, folder / "boxes")
        boxes = scored(pupil, tests)
        taught = [of_boxes(one.name, one.image, boxes_of(one), propose=pupil) for one in known]
        again = scored(trained(taught, folder / "taught"), tests)
    rows = [
        Row("boxes: share of them that get an outline at the start", kept / n_boxes, f"of {n_boxes}"),
        Row("masks: Dice", full[0], ""),
        Row("masks: median error of the diameter", full[1], "", note=f"of {full[2]:.0%} found"),
    ]
    for words, (dice, error, recall) in (("boxes", boxes), ("boxes and a teacher", again)):
        rows += [
            Row(f"{words}: Dice, as a share of masks'", dice / full[0], "", at_least=SHARE_WANTED),
            Row(f"{words}: median error of the diameter", error, "", note=f"of {recall:.0%} found"),
            Row(f"{words}: (1 - error) as a share of masks'", (1 - error) / (1 - full[1]), "", at_least=0.93),
        ]
    return rows
