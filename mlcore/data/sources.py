"""Where training examples come from: simulated scenes, and labelled frames in the usual formats."""

import json
import os
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from annotations.box_fit import crop_slices, shrink_to_fit
from annotations.outline import mask_outline
from mlcore.data.examples import KINDS, Example, of_scene, save
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier as tier_named

ELLIPSE_POINTS = 48
IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")
FORMS = ("simulate", "coco", "yolo", "masks")


def check(source):
    """ValueError in one sentence if a source (a dict of a configuration) makes no sense."""
    forms = [form for form in FORMS if form in source]
    if len(forms) != 1:
        raise ValueError(f"A source names one of {', '.join(FORMS)}; this one has {sorted(source)}.")
    if not float(source.get("share", 1)) > 0:
        raise ValueError(f"The share of a source must be above 0, got {source['share']}.")
    if forms[0] == "simulate":
        about = source["simulate"]
        tier_named(about.get("tier", ""))
        if not int(about.get("count", 0)) > 0:
            raise ValueError("A simulated source needs a count of scenes above 0.")
    elif not Path(source[forms[0]]).exists():
        raise ValueError(f"The source “{source[forms[0]]}” does not exist.")


def prepare(source, folder, *, processes=None, on_example=None):
    """Write a source's examples into a folder, those that are there already left as they are.

    Returns
    -------
    list of Path
    """
    check(source)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if "simulate" not in source:
        return _write_labelled(source, folder, on_example)
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


def _write_labelled(source, folder, on_example):
    read = {"yolo": _yolo, "masks": _masks, "coco": _coco}
    form = next(form for form in read if form in source)
    wanted = source.get("only"), source.get("without", [])
    paths = []
    for example in read[form](Path(source[form]), source.get("images")):
        if wanted[0] is not None and not example.name.startswith(tuple(wanted[0])):
            continue
        if wanted[1] and example.name.startswith(tuple(wanted[1])):
            continue
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


def grey(path):
    """An image file as an array (H, W): the mean of its colours."""
    image = np.asarray(Image.open(path))
    return image[..., :3].mean(-1).astype(np.float32) if image.ndim == 3 else image


def _images_of(folder, images):
    places = [Path(images)] if images else [folder, folder.parent]
    found = (one for place in places for one in place.rglob("*") if one.suffix.lower() in IMAGE_SUFFIXES)
    return {one.stem: one for one in found}


def _yolo(folder, images):
    by_stem = _images_of(folder, images)
    for text in sorted(folder.glob("*.txt")):
        if text.stem not in by_stem:
            continue
        image = grey(by_stem[text.stem])
        height, width = image.shape
        rows = np.loadtxt(text, ndmin=2)[:, 1:5]
        x, y, w, h = rows.T * [[width], [height], [width], [height]]
        boxes = np.stack([x - w / 2, y - h / 2, w, h], axis=1)
        boxes = boxes[(boxes[:, 2:] >= 2).all(1)]
        yield of_boxes(text.stem, image, boxes)


def of_boxes(name, image, boxes):
    """An example of boxes alone: outlines fitted where the frame shows an edge, ellipses elsewhere."""
    outlines = []
    for box in sorted(boxes.tolist(), key=lambda one: -one[2] * one[3]):
        rows, columns = crop_slices(box, image.shape[::-1])
        fitted = shrink_to_fit(image[rows, columns], box, (columns.start, rows.start))
        outlines.append(fitted if fitted is not None and _fills(fitted, box) else _ellipse(box))
    n = len(outlines)
    return Example(name, image, outlines, np.zeros(n, np.int8), np.zeros(n, bool), name, None, True)


def _fills(outline, box):
    """Whether an outline agrees with its box: an IoU of their boxes of at least 0.6."""
    low, high = outline.min(0), outline.max(0)
    x, y, width, height = box
    overlap = np.clip(np.minimum(high, (x + width, y + height)) - np.maximum(low, (x, y)), 0, None).prod()
    return overlap / (width * height + (high - low).prod() - overlap) >= 0.6


def _ellipse(box):
    x, y, width, height = box
    angle = np.linspace(0, 2 * np.pi, ELLIPSE_POINTS, endpoint=False)
    return np.stack([x + width / 2 * (1 + np.cos(angle)), y + height / 2 * (1 + np.sin(angle))], axis=1)


def _masks(folder, images):
    by_stem = _images_of(Path(images), images) if images else _images_of(folder, None)
    for path in sorted(one for one in folder.glob("*") if one.suffix.lower() in IMAGE_SUFFIXES):
        stem = path.stem.replace("label", "image")
        source = by_stem.get(stem) or by_stem.get(path.stem)
        if source is None:
            continue
        drawn = grey(path)
        labels = (
            ndimage.label(drawn > drawn.max() / 2)[0] if len(np.unique(drawn)) <= 8 else drawn.astype(int)
        )
        outlines = []
        for k, window in enumerate(ndimage.find_objects(labels), start=1):
            if window is None or (labels[window] == k).sum() < 20:
                continue
            rows, columns = window
            outlines.append(mask_outline(labels[window] == k) + (columns.start, rows.start))
        n = len(outlines)
        yield Example(
            source.stem, grey(source), outlines, np.zeros(n, np.int8), np.zeros(n, bool), source.stem
        )


def _coco(path, images):
    content = json.loads(path.read_text(encoding="utf-8"))
    names = {one["id"]: one["name"] for one in content.get("categories", [])}
    by_stem = _images_of(path.parent, images)
    for image in content["images"]:
        stem = Path(image["file_name"]).stem
        if stem not in by_stem:
            continue
        mine = [
            one
            for one in content["annotations"]
            if one["image_id"] == image["id"] and one.get("segmentation")
        ]
        outlines = [np.reshape(max(one["segmentation"], key=len), (-1, 2)).astype(float) for one in mine]
        kinds = [
            KINDS.index(names.get(one["category_id"])) if names.get(one["category_id"]) in KINDS else 0
            for one in mine
        ]
        ignored = [bool(one.get("ignore") or one.get("iscrowd")) for one in mine]
        yield Example(
            stem, grey(by_stem[stem]), outlines, np.array(kinds, np.int8), np.array(ignored, bool), stem,
            image.get("pixel_size_nm"),
        )  # fmt: skip
