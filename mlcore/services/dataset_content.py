"""What a dataset's page tells: what is in it, what looks alike across splits, what is new; and its COCO."""

import json
import os
from collections import Counter, defaultdict

import numpy as np

from annotations.outline import polygon_area
from mlcore.data import alike
from mlcore.data.splits import SHARES

UNCLASSIFIED = "unclassified"
LEAKS_KEPT, NAMES_KEPT = 200, 200
BINS = 24
FEW_SPECIMENS = 20
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}


def composition_of(folder, facts):
    """Frames, specimens and particles by split, class and size; and what a person should know of them."""
    splits = {name: {"frames": 0, "particles": 0} for name in SHARES}
    specimens, classes = defaultdict(set), defaultdict(lambda: dict.fromkeys(SHARES, 0))
    sides, diameters, n_box_only = defaultdict(list), defaultdict(list), 0
    for one in facts:
        part = one["split"]
        splits[part]["frames"] += 1
        splits[part]["particles"] += one["n_particles"]
        specimens[part].add(one["specimen"])
        for particle in _truth(folder, one):
            if particle["is_ignored"]:
                continue
            classes[particle["class"] or UNCLASSIFIED][part] += 1
            n_box_only += particle["outline"] is None
            width, height = particle["bbox"][2:]
            sides[part].append((width * height) ** 0.5)
            if particle.get("ecd_nm"):
                diameters[part].append(particle["ecd_nm"])
    for part in splits:
        splits[part]["specimens"] = len(specimens[part])
    return {
        "splits": splits,
        "classes": dict(sorted(classes.items(), key=lambda item: -sum(item[1].values()))),
        "origins": dict(Counter(one["origin"] for one in facts)),
        "box_only": n_box_only,
        "without_pixel_size": sum(one["pixel_size_nm"] is None for one in facts),
        "sides_px": _histogram(sides),
        "ecd_nm": _histogram(diameters),
        "notes": _notes(splits, classes, specimens),
    }


def leaks_of(facts):
    """Frames of two splits that look alike, nearest first."""
    hashes = [int(one["perceptual_hash"], 16) for one in facts]
    pairs = alike.alike_across(hashes, [one["split"] for one in facts])
    return [
        {
            "bits": bits, "attitude": attitude,
            **{side: {name: facts[k][name] for name in ("name", "split", "specimen", "file")}
               for side, k in (("one", i), ("other", j))},
        }
        for i, j, bits, attitude in pairs[:LEAKS_KEPT]
    ]  # fmt: skip


def changes_since(before, facts):
    """Against the version before: frames by name that are new, gone, drawn anew, or in another split."""
    if before is None:
        return {}
    old = {
        name: (pixels, truth, split)
        for name, pixels, truth, split in before.frames.values_list(
            "name", "pixels_sha256", "truth_sha256", "split"
        )
    }
    new = {one["name"]: (one["pixels_sha256"], one["truth_sha256"], one["split"]) for one in facts}
    both = sorted(old.keys() & new.keys())
    found = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "pixels": [name for name in both if old[name][0] != new[name][0]],
        "edited": [name for name in both if old[name][1] != new[name][1]],
        "moved": [
            {"name": name, "from": old[name][2], "to": new[name][2]}
            for name in both
            if old[name][2] != new[name][2]
        ],
    }
    counts = {name: len(values) for name, values in found.items()}
    kept = {name: values[:NAMES_KEPT] for name, values in found.items()}
    return {"version": before.version, "dataset": before.pk, "counts": counts, **kept}


def write_manifest(folder, dataset, facts, sha256):
    """coco.json: every frame with its split and hashes, every particle as it was drawn; frame by frame."""
    names = sorted({one["class"] or UNCLASSIFIED for fact in facts for one in _truth(folder, fact)})
    categories = {name: k for k, name in enumerate(names, 1)}
    head = {
        "info": {
            "description": f"{dataset.name}, version {dataset.version}", "version": str(dataset.version),
            "sha256": sha256, "seed": dataset.seed, "url": "https://cocodataset.org/#format-data",
        },
        "licenses": [],
        "categories": [{"id": k, "name": name, "supercategory": ""} for name, k in categories.items()],
    }  # fmt: skip
    path, part, count = folder / "coco.json", folder / "coco.part", 0
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "images": [')
        for key, one in enumerate(facts, 1):
            file.write((",\n" if key > 1 else "\n") + json.dumps(_image(key, one)))
        file.write('],\n"annotations": [')
        for key, one in enumerate(facts, 1):
            for particle in _truth(folder, one):
                count += 1
                category = categories[particle["class"] or UNCLASSIFIED]
                entry = json.dumps(_annotation(count, key, category, particle), allow_nan=False)
                file.write((",\n" if count > 1 else "\n") + entry)
        file.write("]}\n")
    os.replace(part, path)


def _image(key, one):
    return {
        "id": key, "file_name": one["name"], "width": one["width"], "height": one["height"],
        "pixel_size_nm": one["pixel_size_nm"], "split": one["split"], "specimen": one["specimen"],
        "origin": one["origin"], "pixels_sha256": one["pixels_sha256"], "truth_sha256": one["truth_sha256"],
        "example": one["file"],
    }  # fmt: skip


def _annotation(key, image, category, particle):
    outline, bbox = particle["outline"], particle["bbox"]
    return {
        "id": key, "image_id": image, "category_id": category, "bbox": bbox,
        "segmentation": [[value for point in outline for value in point]] if outline else [],
        "area": round(float(polygon_area(np.array(outline))) if outline else bbox[2] * bbox[3], 3),
        "iscrowd": 0, "ignore": int(particle["is_ignored"]), "truncated": particle["is_truncated"],
        **{name: particle.get(name) for name in ("ecd_nm", "aspect_ratio", "roundness")},
    }  # fmt: skip


def _truth(folder, one):
    path = (folder / one["file"]).with_suffix(".json")
    return json.loads(path.read_text("utf-8"))["truth"]


def _histogram(values):
    """Counts by split over bins that grow by a constant factor; empty where nothing is known."""
    everything = [value for some in values.values() for value in some if value > 0]
    if not everything:
        return {}
    low, high = min(everything), max(everything)
    if high <= low * 1.001:
        low, high = low / 1.1, high * 1.1
    edges = np.geomspace(low, high, BINS + 1)
    edges[0], edges[-1] = low * (1 - 1e-9), high * (1 + 1e-9)
    counts = {part: np.histogram(values.get(part, []), edges)[0].tolist() for part in SHARES}
    return {"edges": [float(f"{edge:.5g}") for edge in edges], **counts}


def _notes(splits, classes, specimens):
    """Sentences on what is unbalanced; none of it hinders freezing."""
    notes = []
    counts = [len(specimens[part]) for part in SHARES]
    if sum(counts) < FEW_SPECIMENS:
        told = ", ".join(f"{n} for {SPLIT_NAMES[part]}" for part, n in zip(SHARES, counts, strict=True))
        notes.append(
            f"There are only {sum(counts)} specimens ({told}), so the split cannot be 70/15/15 in every "
            "respect and figures on the test part will be uncertain."
        )
    if len(classes) == 1:
        name = next(iter(classes))
        notes.append(
            f"All particles are of one class ({name}): enough to learn where particles are, "
            "not which is which."
        )
    for part, one in splits.items():
        if one["frames"] and not one["particles"]:
            notes.append(f"The {SPLIT_NAMES[part]} part holds no particle.")
    for name, found in classes.items():
        absent = [SPLIT_NAMES[part] for part in SHARES if not found[part]]
        if len(classes) > 1 and absent:
            notes.append(f"The class “{name}” is not in the {' and '.join(absent)} part.")
    return notes
