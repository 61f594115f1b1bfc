"""A folder of simulated frames: 16-bit TIFF with calibration, and one coco.json with the exact truth."""

import json
import math
import os
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import tifffile

from annotations.outline import polygon_area
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier as tier_named

CATEGORIES = ("nanoparticle", "carbon nanotube", "polymer aggregate")
VISIBLE_ROSE = 4.0
VISIBLE_ECD_PX = 5.0


def write_dataset(
    folder, *, count, tier, seed, size_px=(512, 512), processes=None, on_frame=None, write=None
):
    """Simulate `count` frames of a tier into an existing folder; the COCO file is written last and whole.

    Parameters
    ----------
    on_frame : callable, optional
        Called with each frame's file name once it is written, in order.
    write : callable, optional
        Instead of `write_frame`, with the same arguments; it is sent to other processes.

    Returns
    -------
    Path
        The COCO file.
    """
    folder = Path(folder)
    work = partial(_write_frame, write or write_frame, folder, tier, seed, size_px)
    frames = []
    # A fresh interpreter each: a fork would inherit threads and locks of whoever calls.
    with get_context("spawn").Pool(processes or os.cpu_count() or 1) as pool:
        for image, found in pool.imap(work, range(count)):
            frames.append((image, found))
            if on_frame:
                on_frame(image["file_name"])
    path = folder / "coco.json"
    write_content(path, frames, tier, seed)
    return path


def write_content(path, frames, tier, seed):
    """The COCO file of (image, annotations) pairs, gone through twice; whole or not at all."""
    info = {"description": f"Simulated micrographs, tier {tier}, seed {seed}", "tier": tier, "seed": seed}
    categories = [{"id": k, "name": name} for k, name in enumerate(CATEGORIES, start=1)]
    part, count = path.with_name(f".{path.name}.part"), 0
    with part.open("w", encoding="utf-8") as file:
        file.write(f'{{"info":{_json(info)},"images":[')
        for k, (image, _) in enumerate(frames):
            file.write("," * (k > 0) + _json(image))
        file.write('],"annotations":[')
        for image, found in frames:
            for one in found:
                count += 1
                file.write("," * (count > 1) + _json({"id": count, "image_id": image["id"], **one}))
        file.write(f'],"categories":{_json(categories)}}}')
    os.replace(part, path)


def _json(content):
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def file_name(tier, seed, index):
    """Of one frame."""
    return f"{tier}-s{seed}-{index:05d}.tif"


def annotation(truth):
    """One particle as a COCO annotation: box and polygon of what is visible, sizes of the whole particle.

    `ignore` is 1 where nobody could see it (Rose number under 4, or under 5 px): neither a miss nor a hit.
    """
    (x, y), (right, bottom) = truth.visible.min(0), truth.visible.max(0)
    box = [_short(value) for value in (x, y, right - x, bottom - y)]
    faint = truth.rose_number < VISIBLE_ROSE or truth.ecd_px < VISIBLE_ECD_PX
    return {
        "category_id": CATEGORIES.index(truth.label) + 1,
        "bbox": box,
        "area": _short(polygon_area(truth.visible)),
        "segmentation": [_flat(truth.visible)],
        "amodal_segmentation": [_flat(truth.outline)],
        "iscrowd": 0,
        "ignore": int(faint),
        "family": truth.family,
        "material": truth.material,
        "ecd_nm": _short(truth.ecd_nm),
        "aspect_ratio": _short(truth.aspect_ratio),
        "roundness": _short(truth.roundness),
        "rose_number": _short(truth.rose_number),
        "truncated": bool(truth.is_truncated),
        "hidden_share": _short(truth.hidden_share),
        **{name: _short(value) for name, value in truth.extra},
    }


def _write_frame(write, folder, tier, seed, size_px, index):
    path = folder / file_name(tier, seed, index)
    _, image, annotations = write(path, tier_named(tier), seed, index, size_px)
    return image, annotations


def write_frame(path, tier, seed, index, size_px):
    """Simulate one frame into a TIFF file: (scene, its COCO image, its COCO annotations without ids)."""
    return write_scene(path, simulate(seed, index, tier, size_px), index)


def write_scene(path, scene, index, **more):
    """Write a scene as a TIFF file; as `write_frame`, its COCO image with `more`."""
    pixels_per_nm = 1 / scene.pixel_size_nm
    tifffile.imwrite(
        path, scene.image, imagej=True, resolution=(pixels_per_nm, pixels_per_nm),
        metadata={"unit": "nm", "axes": "YX"},
    )  # fmt: skip
    height, width = scene.image.shape
    image = {
        "id": index + 1, "file_name": path.name, "width": width, "height": height,
        "pixel_size_nm": scene.pixel_size_nm, "conditions": _plain(scene.conditions.as_dict()),
        **more,
    }  # fmt: skip
    return scene, image, [annotation(truth) for truth in scene.particles]


def _short(value):
    """A number of seven digits, None where there is none: JSON knows no NaN."""
    value = float(value)
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _flat(outline):
    return np.round(outline, 3).ravel().tolist()


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
