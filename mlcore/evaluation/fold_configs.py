"""One training configuration a fold, over the labelled frames that the fold does not hold out."""

import json
from pathlib import Path

import numpy as np

from mlcore.data.labelled import read_labelled
from mlcore.evaluation.folds import folds
from mlcore.evaluation.sets import LABELS

# How often a labelled set is drawn beside what the base configuration names, whose shares add up to one.
SHARES = {"ardagen": 0.28, "msa-em": 0.12, "creme": 0.1}


def write_fold_configs(folder, data, base=None):
    """Write <fold>/detector.json for `manage.py train detector`, and the labels it may learn from.

    Parameters
    ----------
    data : Path
        Folder of the labelled sets.
    base : path, optional
        JSON that all folds have in common: simulated sources, mode, steps, start_from.

    Returns
    -------
    list of Path
        The configurations.
    """
    folder, data = Path(folder), Path(data)
    common = (
        _read(base) if base else {"sources": [{"simulate": {"tier": "training", "seed": 1, "count": 1200}}]}
    )
    frames = {name: list(read_labelled(data / place)) for name, place in LABELS.items()
              if (data / place).exists()}  # fmt: skip
    if not frames:
        raise ValueError(f"No labelled set is in “{data}”: name the folder that holds them as --data.")
    paths = []
    for fold in folds():
        own = folder / fold.name
        own.mkdir(parents=True, exist_ok=True)
        sources = _scaled(common.get("sources", []), 1 - sum(SHARES[name] for name in frames))
        for name, labelled in frames.items():
            allowed = [one for one in labelled if one.name not in fold.held_out[name]]
            sources.append({**_source(own, name, allowed), "share": SHARES[name]})
        path = own / "detector.json"
        path.write_text(json.dumps({**common, "sources": sources}, indent=1) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def _read(path):
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"The configuration “{path}” cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"The configuration “{path}” is no JSON: line {error.lineno}, {error.msg}."
        ) from None
    if not isinstance(content, dict) or "sources" not in content:
        raise ValueError(f"The configuration “{path}” must be a JSON object with sources.")
    return content


def _scaled(sources, total):
    whole = sum(float(one.get("share", 1)) for one in sources) or 1.0
    return [{**one, "share": round(total * float(one.get("share", 1)) / whole, 6)} for one in sources]


def _source(folder, name, allowed):
    """A source of exactly these frames: YOLO lines copied where there are only boxes, COCO otherwise."""
    images = str(allowed[0].image_path.parent.resolve())
    if all(outline is None for one in allowed for outline in one.outlines):
        place = folder / name
        place.mkdir(exist_ok=True)
        for one in allowed:
            width, height = one.size_px
            scale = np.array([width, height, width, height])
            rows = np.concatenate([one.boxes[:, :2] + one.boxes[:, 2:] / 2, one.boxes[:, 2:]], axis=1) / scale
            np.savetxt(place / f"{one.name}.txt", np.pad(rows, ((0, 0), (1, 0))), fmt="%.8g")
        return {"yolo": str(place.resolve()), "images": images}
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "nanoparticle"}]}
    for number, one in enumerate(allowed, start=1):
        width, height = one.size_px
        content["images"].append(
            {"id": number, "file_name": one.image_path.name, "width": width, "height": height}
        )
        for box, outline in zip(one.boxes, one.outlines, strict=True):
            content["annotations"].append(
                {"id": len(content["annotations"]) + 1, "image_id": number, "category_id": 1,
                 "bbox": box.tolist(), "segmentation": [np.round(outline, 3).ravel().tolist()], "iscrowd": 0}
            )  # fmt: skip
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return {"coco": str(path.resolve()), "images": images}
