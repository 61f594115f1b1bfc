"""Particles on their way out, in pieces: no transaction stays open, no row outlives its piece."""

import json

from django.db.models import Count, F
from django.db.models.functions import Coalesce

from annotations.exchange import coco, table
from annotations.models import Calibration, Frame, LabelClass, Particle

PIECE_ROWS = 5000
# Other apps' tables are reached by their reverse names alone.
RUN, SOURCE_RUN = "layer__prediction__run", "source__layer__prediction__run"
FRAME, FILE = "layer__frame", "layer__frame__acquisition"
CSV_VALUES = {
    "particle": F("id"),
    "acquisition": F(f"{FILE}__name"),
    "frame_index": F(f"{FRAME}__index"),
    "sha256": F(f"{FILE}__sha256"),
    "class": F("label_class__name"),
    "run": Coalesce(F(f"{RUN}_id"), F(f"{SOURCE_RUN}_id")),
    "author": F("created_by__username"),
    "x_px": F("x"),
    "y_px": F("y"),
    "width_px": F("width"),
    "height_px": F("height"),
    "aspect_ratio_major_minor": F("aspect_ratio"),
    "roundness_4A_over_pi_feret_max2": F("roundness"),
    "circularity_4piA_over_P2": F("circularity"),
    "pixel_size_x_nm": F("calibration__pixel_size_x_nm"),
    "pixel_size_y_nm": F("calibration__pixel_size_y_nm"),
    "calibration_source": F("calibration__source"),
}
OWN_COLUMNS = [
    "origin", "decision", "engine", "confidence", "created_at", "touches_border", "area_px2", "ecd_px",
    "engine_ecd_px_low", "engine_ecd_px_high", "feret_min_px", "feret_max_px", "solidity", "area_nm2",
    "ecd_nm", "feret_min_nm", "feret_max_nm", "calibration_id",
]  # fmt: skip
# By content, so that the same particles leave in the same order from any project.
FRAME_ORDER = ["acquisition__name", "acquisition__sha256", "index", "pk"]
PARTICLE_ORDER = ["y", "x", "width", "height", "created_at", "pk"]


def csv_pieces(*, particles):
    """CSV text, piece by piece, of a queryset of particles."""
    yield table.lines([], with_header=True)
    named = {f"csv_{name.lower()}": value for name, value in CSV_VALUES.items()}
    for layers in _layer_groups(particles):
        rows = particles.filter(layer__in=layers).order_by(*_particle_order())
        yield table.lines(_csv_row(row) for row in rows.values(*OWN_COLUMNS, **named))


def coco_pieces(*, project, particles, acquisitions=None):
    """A COCO file, piece by piece: images of the project, or of some acquisitions, and these particles."""
    frames = Frame.objects.filter(acquisition__project=project).ready()
    if acquisitions is not None:
        frames = frames.filter(acquisition__in=acquisitions)
    frames = list(frames.select_related("acquisition").order_by(*FRAME_ORDER))
    classes = list(LabelClass.objects.filter(project=project).order_by("name"))
    categories = {label_class.pk: place for place, label_class in enumerate(classes, 1)}
    entries = [coco.category_entry(categories[c.pk], name=c.name, color=c.color) for c in classes]
    if particles.filter(label_class=None).exists():
        entries.append(coco.UNCLASSIFIED)
    head = {"info": {"description": project.name, "url": "https://cocodataset.org/#format-data"}}
    yield f'{json.dumps(head)[:-1]}, "licenses": [], "categories": {json.dumps(entries)}, "images": ['
    for place, frame in enumerate(frames):
        yield (", " if place else "") + json.dumps(_image_entry(place + 1, frame))
    yield '], "annotations": ['
    keys = {frame.pk: place for place, frame in enumerate(frames, 1)}
    count = 0
    for layers in _layer_groups(particles):
        rows = particles.filter(layer__in=layers).order_by(*_particle_order()).values(
            "id", "x", "y", "width", "height", "outline", "area_px2", "confidence", "origin",
            "label_class_id", frame_key=F(f"{FRAME}_id"),
        )  # fmt: skip
        entries = []
        for row in rows:
            if row["frame_key"] in keys:
                count += 1
                entries.append(_annotation_entry(count, row, keys, categories))
        if entries:
            text = ",\n".join(json.dumps(entry) for entry in entries)
            yield text if count == len(entries) else f",\n{text}"
    yield "]}"


def _layer_groups(particles):
    """Keys of layers, in groups that hold some `PIECE_ROWS` particles each."""
    order = [f"{FRAME}__{name}" for name in FRAME_ORDER]
    counted = particles.order_by().values("layer").annotate(n=Count("pk")).order_by(*order, "layer")
    group, rows = [], 0
    for layer, n in counted.values_list("layer", "n"):
        if group and rows + n > PIECE_ROWS:
            yield group
            group, rows = [], 0
        group.append(layer)
        rows += n
    if group:
        yield group


def _particle_order():
    return [*(f"{FRAME}__{name}" for name in FRAME_ORDER), "layer", *PARTICLE_ORDER]


def _csv_row(row):
    values = {name: row[f"csv_{name.lower()}"] for name in CSV_VALUES}
    values |= {name: row[name] for name in OWN_COLUMNS if name != "calibration_id"}
    ferets = row["feret_min_px"], row["feret_max_px"]
    return values | {
        "particle": str(values["particle"]),
        "decision": row["decision"] if row["origin"] == Particle.Origin.SUGGESTED else None,
        "created_at": row["created_at"].isoformat(),
        "calibration": row["calibration_id"],
        "aspect_ratio_feret": ferets[0] / ferets[1] if all(ferets) else None,
    }


def _image_entry(key, frame):
    calibration = Calibration.objects.current_for(frame)
    return coco.image_entry(
        key,
        name=frame.acquisition.name,
        width=frame.width_px,
        height=frame.height_px,
        sha256=frame.acquisition.sha256,
        frame_index=frame.index,
        pixel_size_nm=calibration and (calibration.pixel_size_x_nm, calibration.pixel_size_y_nm),
    )


def _annotation_entry(key, row, keys, categories):
    return coco.annotation_entry(
        key,
        image=keys[row["frame_key"]],
        category=categories.get(row["label_class_id"], coco.UNCLASSIFIED["id"]),
        bbox=(row["x"], row["y"], row["width"], row["height"]),
        outline=row["outline"],
        area=row["area_px2"],
        confidence=row["confidence"],
        etem_id=str(row["id"]),
        origin=row["origin"],
    )
