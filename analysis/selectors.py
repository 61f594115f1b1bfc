"""Rows to arrays: the door from Django to the pure modules."""

import numpy as np
from django.db.models import Aggregate, BinaryField, F, Value
from django.db.models.functions import Coalesce

from analysis.metrology.selection import ParticleColumns
from annotations.models import Calibration

# Where each column comes from, and in which form PostgreSQL sends it.
KEY, COUNT, REAL, TRUTH = "int8", "int4", "float8", "bool"
NUMPY = {KEY: ">i8", COUNT: ">i4", REAL: ">f8", TRUTH: "?"}
COLUMNS = {
    "frame": ("layer__frame_id", KEY),
    "recording": ("layer__frame__acquisition_id", KEY),
    "calibration": ("calibration_id", KEY),
    "ecd_nm": ("ecd_nm", REAL),
    "ecd_px": ("ecd_px", REAL),
    "feret_min_px": ("feret_min_px", REAL),
    "aspect_ratio": ("aspect_ratio", REAL),
    "roundness": ("roundness", REAL),
    "width_px": ("width", REAL),
    "height_px": ("height", REAL),
    "frame_width_px": ("layer__frame__width_px", COUNT),
    "frame_height_px": ("layer__frame__height_px", COUNT),
    "touches_border": ("touches_border", TRUTH),
}
NO_VALUE = {KEY: 0, REAL: float("nan")}


class Packed(Aggregate):
    """A whole column as one string of bytes: no row becomes an object, which else takes most of the time."""

    template = "string_agg(%(kind)ssend(%(expressions)s), ''::bytea)"
    output_field = BinaryField()


def particle_columns(particles):
    """The particles of a queryset as arrays, in no particular order but all in the same."""
    packed = {
        f"packed_{name}": Packed(_never_null(field, kind), kind=kind)
        for name, (field, kind) in COLUMNS.items()
    }
    found = particles.order_by().aggregate(**packed)
    return ParticleColumns(
        **{
            name: np.frombuffer(found[f"packed_{name}"] or b"", NUMPY[kind]).astype(NUMPY[kind].strip(">"))
            for name, (_, kind) in COLUMNS.items()
        }
    )


def calibrations_named(keys):
    """The calibrations of a selection, finest first."""
    return (
        Calibration.objects.filter(pk__in=keys)
        .select_related("acquisition")
        .order_by("pixel_size_x_nm", "pk")
    )


def _never_null(field, kind):
    return Coalesce(F(field), Value(NO_VALUE[kind])) if kind in NO_VALUE else F(field)
