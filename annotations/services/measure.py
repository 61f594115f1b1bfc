"""Give particles the sizes that follow from their outline and the calibration in force."""

from dataclasses import asdict, fields

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations import shape
from annotations.models import Calibration, Particle
from annotations.outline import crosses_itself

MEASURED_FIELDS = [field.name for field in fields(shape.Measured)]
BATCH = 1000  # rows a statement


def pixel_size_nm(calibration):
    """The pair (x, y) that `shape.measure` takes, or None where nothing is in force."""
    if calibration is None or calibration.pixel_size_x_nm is None:
        return None
    return (calibration.pixel_size_x_nm, calibration.pixel_size_y_nm)


def measure_particle(*, particle, frame, calibration):
    """Set the measured columns of an unsaved or loaded particle; the caller saves.

    Without an outline there are no sizes: a box is not a diameter.

    Raises
    ------
    ValidationError
        If the outline is none: too few points, no area, or it crosses itself.
    """
    size = (frame.width_px, frame.height_px)
    if particle.outline is None:
        _apply(particle, dict.fromkeys(MEASURED_FIELDS), None)
        corners = [[particle.x, particle.y], [particle.x + particle.width, particle.y + particle.height]]
        particle.touches_border = shape.touches_border(corners, size)
        return
    try:
        measured = shape.measure(particle.outline, size, pixel_size_nm(calibration))
    except (ValueError, TypeError) as error:
        raise ValidationError(str(error)) from error
    if crosses_itself(particle.outline):
        raise ValidationError("An outline must not cross itself; draw it again.")
    _apply(particle, asdict(measured), calibration)


def measure_particles(*, particles, frame, calibration):
    """Set the measured columns of many particles of one frame, outlines by an engine; the caller saves."""
    outlined = [particle for particle in particles if particle.outline is not None]
    measured = shape.measure_many(
        [particle.outline for particle in outlined],
        (frame.width_px, frame.height_px),
        pixel_size_nm(calibration),
    )
    for particle, values in zip(outlined, measured, strict=True):
        _apply(particle, asdict(values), calibration)


@transaction.atomic
def remeasure_acquisition(*, acquisition):
    """Measure every outline of an acquisition anew, after its calibration changed; returns how many.

    Layers are not touched otherwise: sizes are derived, so no edit is recorded and no version grows.
    """
    count = 0
    for frame in acquisition.frames.select_related("acquisition").iterator():
        calibration = Calibration.objects.current_for(frame)
        particles = list(
            Particle.objects.select_for_update(of=("self",)).filter(layer__frame=frame, outline__isnull=False)
        )
        measure_particles(particles=particles, frame=frame, calibration=calibration)
        Particle.objects.bulk_update(particles, [*MEASURED_FIELDS, "calibration"], batch_size=BATCH)
        count += len(particles)
    return count


def _apply(particle, values, calibration):
    for name, value in values.items():
        setattr(particle, name, value)
    sized = values["ecd_nm"] is not None
    particle.calibration = calibration if sized else None
