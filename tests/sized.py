"""Particles with sizes, as an engine or a person would have left them: discs of known diameter."""

import math

from annotations.models import Particle
from annotations.services.measure import measure_particle
from tests.factories import make_acquisition, make_calibration, make_frame, make_layer

POINTS = 48


def disc(x, y, diameter_px, points=POINTS):
    """Outline of a regular polygon whose area is that of the disc: its ECD is the diameter."""
    turn = 2 * math.pi / points
    radius = diameter_px / 2 * math.sqrt(turn / math.sin(turn))
    return [[x + radius * math.cos(k * turn), y + radius * math.sin(k * turn)] for k in range(points)]


def make_disc(layer, diameter_px, *, at=(256.0, 256.0), calibration=None, **over):
    outline = disc(*at, diameter_px)
    xs, ys = zip(*outline, strict=True)
    box = {"x": min(xs), "y": min(ys), "width": max(xs) - min(xs), "height": max(ys) - min(ys)}
    particle = Particle(**{"layer": layer, "outline": outline, **box, **over})
    measure_particle(particle=particle, frame=layer.frame, calibration=calibration)
    particle.save()
    return particle


def make_sized_frame(project, diameters_px, *, pixel_size_nm=0.5, **over):
    """A frame with a working layer of discs; without calibration where `pixel_size_nm` is None."""
    frame = make_frame(make_acquisition(project))
    calibration = make_calibration(frame.acquisition, pixel_size_nm) if pixel_size_nm else None
    layer = make_layer(frame)
    for diameter in diameters_px:
        make_disc(layer, diameter, calibration=calibration, **over)
    return frame
