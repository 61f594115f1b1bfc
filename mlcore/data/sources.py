"""Where training examples come from: simulated scenes, and labelled frames in the usual formats."""

import os
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from annotations.box_fit import crop_slices, shrink_to_fit
from annotations.outline import polygon_area
from annotations.shape import measure
from mlcore.data.examples import Example, of_scene, save
from mlcore.data.labelled import FORMS, read_labelled
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier as tier_named

MIN_BOX_IOU = 0.6
FILL = (0.4, 0.95)  # of its box; an ellipse fills pi / 4
MIN_SOLIDITY = 0.8
MIN_BOX_PX = 2.0
MIN_AREA_PX2 = 20.0  # what is smaller counts neither as a particle nor as background


def check(source):
    """ValueError in one sentence if a source (a dict of a configuration) makes no sense.

    A frozen dataset, by its hash, is one whose examples are handed over: only a run of the site has it.
    """
    if set(source) == {"dataset"} and len(str(source["dataset"])) == 64:
        return
    forms = [form for form in ("simulate", *FORMS) if form in source]
    if len(forms) != 1:
        raise ValueError(
            f"A source names one of simulate, {', '.join(FORMS)}; this one has {sorted(source)}."
        )
    if not float(source.get("share", 1)) > 0:
        raise ValueError(f"The share of a source must be above 0, got {source['share']}.")
    if forms[0] == "simulate":
        about = source["simulate"]
        tier_named(about.get("tier", ""))
        if not int(about.get("count", 0)) > 0:
            raise ValueError("A simulated source needs a count of scenes above 0.")
    elif not Path(source[forms[0]]).exists():
        raise ValueError(f"The source “{source[forms[0]]}” does not exist.")


def prepare(source, folder, *, processes=None, on_example=None, propose=None):
    """Write a source's examples into a folder, those that are there already left as they are.

    `propose` turns boxes into outlines, see `of_boxes`.

    Returns
    -------
    list of Path
    """
    check(source)
    if "dataset" in source:
        raise ValueError("A frozen dataset is learnt from by a run of its site; name its files here.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if "simulate" not in source:
        return _write_labelled(source, folder, on_example, propose)
    about = source["simulate"]
    numbers = range(int(about.get("first", 0)), int(about.get("first", 0)) + int(about["count"]))
    work = partial(
        _write_scene, folder, about["tier"], int(about.get("seed", 0)), int(about.get("size", 512))
    )
    with get_context("spawn").Pool(processes or os.cpu_count() or 1) as pool:
        paths = []
        for path in pool.imap(work, numbers):
            paths.append(path)
            if on_example:
                on_example(path)
    return paths


def _write_scene(folder, tier, seed, side, number):
    path = folder / f"{tier}-s{seed}-{number:05d}.npz"
    if not path.exists():
        scene = simulate(seed, number, tier_named(tier), (side, side))
        _save(of_scene(scene, path.stem), path)
    return path


def _write_labelled(source, folder, on_example, propose):
    form = next(form for form in FORMS if form in source)
    wanted = source.get("only"), source.get("without", [])
    paths = []
    for labelled in read_labelled(source[form], form=form, images=source.get("images")):
        if labelled.image_path is None:
            continue
        if wanted[0] is not None and not labelled.name.startswith(tuple(wanted[0])):
            continue
        if wanted[1] and labelled.name.startswith(tuple(wanted[1])):
            continue
        example = of_labelled(labelled, propose)
        path = folder / f"{example.name}.npz"
        _save(example, path)
        paths.append(path)
        if on_example:
            on_example(path)
    if not paths:
        raise ValueError(f"The source “{source[form]}” holds no labelled frame.")
    return paths


def _save(example, path):
    part = path.with_suffix(".part.npz")
    save(example, part)
    os.replace(part, path)


def of_labelled(labelled, propose=None):
    """A labelled frame as an example; of boxes alone where nothing else was drawn."""
    if len(labelled.boxes) and all(one is None for one in labelled.outlines):
        boxes = labelled.boxes[(labelled.boxes[:, 2:] >= MIN_BOX_PX).all(1)]
        return of_boxes(labelled.name, labelled.image(), boxes, propose)
    keep = [k for k, one in enumerate(labelled.outlines) if one is not None]
    outlines = [labelled.outlines[k] for k in keep]
    small = np.array([polygon_area(one) < MIN_AREA_PX2 for one in outlines], bool)
    return Example(
        labelled.name, labelled.image(), outlines, labelled.kinds[keep], labelled.is_ignored[keep] | small,
        labelled.name, labelled.pixel_size_nm,
    )  # fmt: skip


def of_boxes(name, image, boxes, propose=None):
    """An example of boxes alone: outlines where some can be trusted, boxes elsewhere.

    Parameters
    ----------
    boxes : ndarray of shape (K, 4)
        x, y, width, height in pixels.
    propose : callable, optional
        Gives, of (image, boxes), an outline or None each: a teacher's. Where it has none, the frame's own
        edges are followed.
    """
    boxes = np.asarray(sorted(boxes.tolist(), key=lambda one: -one[2] * one[3]), float).reshape(-1, 4)
    taught = propose(image, boxes) if propose else [None] * len(boxes)
    outlines, alone = [], []
    for box, outline in zip(boxes.tolist(), taught, strict=True):
        if outline is None:
            rows, columns = crop_slices(box, image.shape[::-1])
            outline = shrink_to_fit(image[rows, columns], box, (columns.start, rows.start))
        if outline is not None and _is_likely(outline, box):
            outlines.append(outline)
        else:
            alone.append(box)
    n = len(outlines)
    return Example(
        name, image, outlines, np.zeros(n, np.int8), np.zeros(n, bool), name, None, True,
        boxes=np.array(alone, float).reshape(-1, 4),
    )  # fmt: skip


def _is_likely(outline, box):
    """Whether an outline agrees with its box, fills it as particles do, and has no bays."""
    low, high = outline.min(0), outline.max(0)
    x, y, width, height = box
    overlap = np.clip(np.minimum(high, (x + width, y + height)) - np.maximum(low, (x, y)), 0, None).prod()
    if overlap < MIN_BOX_IOU * (width * height + (high - low).prod() - overlap):
        return False
    if not FILL[0] <= polygon_area(outline) / (width * height) <= FILL[1]:
        return False
    try:
        solidity = measure(outline).solidity
    except ValueError:
        return False
    return solidity is None or solidity > MIN_SOLIDITY  # of the smallest it is not known
