"""What an engine says of a particle's size and shape, and how sure it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """Size and shape of a particle with intervals of the table's level, 90 %.

    `ecd_factor` times the outline's own ECD is the diameter, in whatever unit that is. Aspect ratio and
    roundness are None where the outline is too small for them (annotations/shape.py).
    """

    ecd_factor: float
    ecd_factor_low: float
    ecd_factor_high: float
    aspect_ratio: float | None
    aspect_ratio_low: float | None
    aspect_ratio_high: float | None
    roundness: float | None
    roundness_low: float | None
    roundness_high: float | None
    truncated_probability: float
