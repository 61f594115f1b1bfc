"""Rows to arrays: the door from Django to the pure modules."""

import numpy as np
from django.db.models import Aggregate, BinaryField, F, Func, Value
from django.db.models.functions import Coalesce

from analysis.metrology.selection import ParticleColumns
from annotations.models import Calibration, Layer

# What a particle brings along, in which form PostgreSQL sends it, and what stands for no value. All of it is
# in the index of particles by layer, so that the table itself, most of which are outlines, is not read.
KEY, REAL, TRUTH = (">i8", 0), (">f8", float("nan")), ("?", None)
SEND = {KEY: "int8send", REAL: "float8send", TRUTH: "boolsend"}
COLUMNS = {
    "layer": ("layer_id", KEY),
    "calibration": ("calibration_id", KEY),
    "ecd_nm": ("ecd_nm", REAL),
    "ecd_px": ("ecd_px", REAL),
    "confidence": ("confidence", REAL),
    "feret_min_px": ("feret_min_px", REAL),
    "aspect_ratio": ("aspect_ratio", REAL),
    "roundness": ("roundness", REAL),
    "width_px": ("width", REAL),
    "height_px": ("height", REAL),
    "touches_border": ("touches_border", TRUTH),
}
RECORD = np.dtype([(name, kind[0]) for name, (_, kind) in COLUMNS.items()])
# What all particles of a layer share, asked once for each layer.
LAYER_COLUMNS = {
    "frame": "frame_id",
    "recording": "frame__acquisition_id",
    "frame_width_px": "frame__width_px",
    "frame_height_px": "frame__height_px",
}


class Packed(Aggregate):
    """All rows as one string of bytes: no row becomes an object, which else takes most of the time."""

    template = "string_agg(%(expressions)s, ''::bytea)"
    arg_joiner = " || "
    output_field = BinaryField()


def particle_columns(particles):
    """The particles of a queryset as arrays, in no particular order but all in the same."""
    packed = Packed(*(_sent(field, kind) for field, kind in COLUMNS.values()))
    found = particles.order_by().aggregate(packed=packed)["packed"]
    records = np.frombuffer(found or b"", RECORD)
    columns = {name: records[name].astype(kind[0].strip(">")) for name, (_, kind) in COLUMNS.items()}
    layers, place = np.unique(columns.pop("layer"), return_inverse=True)
    rows = Layer.objects.filter(pk__in=layers.tolist()).order_by("pk").values_list(*LAYER_COLUMNS.values())
    shared = np.array(rows, dtype=np.int64).reshape(-1, len(LAYER_COLUMNS))[place]
    return ParticleColumns(**columns, **dict(zip(LAYER_COLUMNS, shared.T, strict=True)))


def calibrations_named(keys):
    """The calibrations of a selection, finest first."""
    return (
        Calibration.objects.filter(pk__in=keys)
        .select_related("acquisition")
        .order_by("pixel_size_x_nm", "pk")
    )


def _sent(field, kind):
    _, no_value = kind
    value = F(field) if no_value is None else Coalesce(F(field), Value(no_value))
    return Func(value, function=SEND[kind], output_field=BinaryField())
