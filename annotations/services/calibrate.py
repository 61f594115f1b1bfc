"""Calibrations: readings of a file, and what people decide. A row is never changed; each is a new version.

Sizes in nm follow within the same transaction: an outline never carries the nm of a calibration that is no
longer in force.
"""

import math

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from annotations.instruments.agreement import PixelSizeReading, agree
from annotations.instruments.scale_bar import pixel_size_from_bar
from annotations.instruments.units import PLAUSIBLE_NM
from annotations.models import Acquisition, Calibration, Layer, Particle
from annotations.services.layers import lock_layers
from annotations.services.measure import remeasure_acquisition
from annotations.services.notify import push

AT_ONCE = 2000  # outlines measured within the request; more are emptied at once and measured by a worker
DETAIL_CHARS = 300
CONFLICT_CHARS = 500


@transaction.atomic
def record_readings(*, acquisition, frames, readings):
    """Keep what the readers of a new file say, and adopt it frame by frame where they agree.

    Parameters
    ----------
    frames : list of Frame
        All of them, saved.
    readings : list of dict
        The fields of `PixelSizeReading`.
    """
    readings = [PixelSizeReading(**reading) for reading in readings]
    sizeable = [frame for frame in frames if not frame.unsizeable_reason]
    if not readings or not sizeable:
        return
    if all(reading.frame_index is None for reading in readings):
        scopes = [(None, readings, sizeable)]
    else:
        scopes = [
            (frame, [r for r in readings if r.frame_index in (None, frame.index)], [frame])
            for frame in sizeable
        ]
    rows, version = [], _last_version(acquisition)
    for scope, found, covered in scopes:
        agreement = agree(found)
        for place, reading in enumerate(found):
            version += 1
            rows.append(_reading_row(acquisition, scope, version, reading))
            rows[-1].is_adopted = place == 0 and agreement.pixel_size_nm is not None
        if agreement.conflict:
            covered[0]._meta.model.objects.filter(pk__in=[frame.pk for frame in covered]).update(
                calibration_conflict=agreement.conflict[:CONFLICT_CHARS]
            )
        if agreement.warning and agreement.warning not in acquisition.notes:
            acquisition.notes = [*acquisition.notes, agreement.warning]
    Calibration.objects.bulk_create(rows, batch_size=1000)
    acquisition.save(update_fields=["notes"])


def adopt_reading(*, by, calibration):
    """Choose one of the readings, or an earlier version; it becomes a new version in force.

    Raises
    ------
    ValidationError
        If it holds no pixel size.
    """
    if calibration.pixel_size_x_nm is None:
        raise ValidationError("This version holds no pixel size; choose another or type one in.")
    return _put_in_force(
        by=by,
        acquisition=calibration.acquisition,
        frame=calibration.frame,
        source=calibration.source,
        pixel_size_nm=(calibration.pixel_size_x_nm, calibration.pixel_size_y_nm),
        relative_uncertainty=calibration.relative_uncertainty,
        detail=calibration.detail,
    )


def type_in(
    *,
    by,
    acquisition,
    pixel_size_x_nm,
    pixel_size_y_nm=None,
    relative_uncertainty=None,
    frame=None,
    detail="",
):
    """Put a pixel size in force that a person knows, nm/px; without y the pixels are square.

    Raises
    ------
    ValidationError
        If a number is not finite, not plausible, or the frame is of another acquisition.
    """
    return _put_in_force(
        by=by,
        acquisition=acquisition,
        frame=frame,
        source=Calibration.Source.TYPED,
        pixel_size_nm=(pixel_size_x_nm, pixel_size_x_nm if pixel_size_y_nm is None else pixel_size_y_nm),
        relative_uncertainty=relative_uncertainty,
        detail=detail,
    )


def from_scale_bar(
    *,
    by,
    acquisition,
    length_px,
    length_nm,
    end_half_width_px=1.0,
    bar_relative_uncertainty=0.0,
    frame=None,
    detail="",
):
    """Put the pixel size of a measured scale bar in force, with the uncertainty of reading its two ends.

    Raises
    ------
    ValidationError
        If the bar has no length, or the pixel size is not plausible.
    """
    try:
        size_nm, relative_uncertainty = pixel_size_from_bar(
            length_nm, length_px, end_half_width_px, bar_relative_uncertainty
        )
    except ValueError as error:
        raise ValidationError(str(error)) from error
    bar = f"Bar of {length_nm:g} nm read as {length_px:g} ± {end_half_width_px:g} px at each end"
    return _put_in_force(
        by=by,
        acquisition=acquisition,
        frame=frame,
        source=Calibration.Source.SCALE_BAR,
        pixel_size_nm=(size_nm, size_nm),
        relative_uncertainty=relative_uncertainty,
        detail=f"{bar}; {detail}" if detail else bar,
    )


def withdraw(*, by, acquisition, frame=None, detail=""):
    """Take the calibration out of force: everything is in pixels again. History stays."""
    return _put_in_force(
        by=by,
        acquisition=acquisition,
        frame=frame,
        source=Calibration.Source.WITHDRAWN,
        pixel_size_nm=(None, None),
        relative_uncertainty=None,
        detail=detail,
    )


@transaction.atomic
def _put_in_force(*, by, acquisition, frame, source, pixel_size_nm, relative_uncertainty, detail):
    """The newest version, adopted; conflicts it settles are cleared; nm follow."""
    if frame is not None and frame.acquisition_id != acquisition.pk:
        raise ValidationError("The frame is of another file.")
    if source != Calibration.Source.WITHDRAWN:
        _check(pixel_size_nm, relative_uncertainty)
    # Versions are counted under this lock, so two people at once get two versions.
    acquisition = Acquisition.objects.select_for_update(no_key=True).get(pk=acquisition.pk)
    if acquisition.status != Acquisition.Status.READY:
        raise ValidationError(f"“{acquisition}” has no images yet; calibrate it once it is read.")
    row = Calibration.objects.create(
        acquisition=acquisition,
        frame=frame,
        version=_last_version(acquisition) + 1,
        pixel_size_x_nm=pixel_size_nm[0],
        pixel_size_y_nm=pixel_size_nm[1],
        relative_uncertainty=relative_uncertainty,
        source=source,
        detail=detail[:DETAIL_CHARS],
        is_adopted=True,
        author=by,
    )
    frames = acquisition.frames.filter(pk=frame.pk) if frame else acquisition.frames.all()
    frames.calibration_conflicts().update(calibration_conflict="")
    _remeasure(acquisition)
    payload = {"id": acquisition.pk, "calibration": row.pk, "status": acquisition.status}
    push(project_id=acquisition.project_id, kind="acquisition", payload=payload)
    return row


def _check(pixel_size_nm, relative_uncertainty):
    errors = {}
    low, high = PLAUSIBLE_NM
    sizes = dict(zip(("pixel_size_x_nm", "pixel_size_y_nm"), pixel_size_nm, strict=True))
    if sizes["pixel_size_x_nm"] == sizes["pixel_size_y_nm"]:
        del sizes["pixel_size_y_nm"]  # square: one error is enough
    for name, value in sizes.items():
        if not (isinstance(value, int | float) and math.isfinite(value) and low <= value <= high):
            errors[name] = f"A pixel size is a number from {low:g} to {high:g} nm, got {value}."
    if relative_uncertainty is not None and not 0 <= relative_uncertainty < 1:
        errors["relative_uncertainty"] = (
            f"The relative uncertainty is a fraction from 0 to below 1, got {relative_uncertainty}."
        )
    if errors:
        raise ValidationError(errors)


def _remeasure(acquisition):
    """Give every outline the nm of what is in force now, at once or, where they are many, by a worker."""
    # An edit holds its layer's lock from before it reads the calibration: after this none is half-way.
    lock_layers(Layer.objects.filter(frame__acquisition=acquisition))
    particles = Particle.objects.filter(layer__frame__acquisition=acquisition, outline__isnull=False)
    if particles.count() <= AT_ONCE:
        remeasure_acquisition(acquisition=acquisition)
        return
    from annotations.tasks import remeasure_task

    particles.update(area_nm2=None, ecd_nm=None, feret_min_nm=None, feret_max_nm=None, calibration=None)
    remeasure_task.delay_on_commit(acquisition.pk)


@transaction.atomic
def remeasure_under_lock(*, acquisition_pk):
    """The worker's part of a change of calibration: what is in force when it runs counts."""
    acquisition = Acquisition.objects.select_for_update(no_key=True).filter(pk=acquisition_pk).first()
    if acquisition:
        lock_layers(Layer.objects.filter(frame__acquisition=acquisition))
        remeasure_acquisition(acquisition=acquisition)
        # Open pages read the sizes anew: when the calibration was told, they were still missing.
        payload = {"id": acquisition.pk, "status": acquisition.status, "sizes": "measured"}
        push(project_id=acquisition.project_id, kind="acquisition", payload=payload)


def _last_version(acquisition):
    return acquisition.calibrations.aggregate(last=Max("version"))["last"] or 0


def _reading_row(acquisition, frame, version, reading):
    source = Calibration.Source.SECOND_READER if reading.is_second else Calibration.Source.TAG
    return Calibration(
        acquisition=acquisition,
        frame=frame,
        version=version,
        pixel_size_x_nm=reading.x_nm,
        pixel_size_y_nm=reading.y_nm,
        source=source,
        detail=f"{reading.reader}: {reading.detail}"[:DETAIL_CHARS],
    )
