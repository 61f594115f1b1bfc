"""Which of the particles found are counted, and what was left out and why."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.metrology.edges import edge_weight

FERET_MIN_PX = 10.0  # smallest object measured by default, as in ParticleSizer and NanoDefine


@dataclass(frozen=True)
class ParticleColumns:
    """K particles as arrays of shape (K,). nan: no outline, no calibration or no value."""

    frame: np.ndarray  # key of the image
    recording: np.ndarray  # key of the file that holds the image
    calibration: np.ndarray  # key, 0 without
    ecd_nm: np.ndarray
    ecd_px: np.ndarray
    confidence: np.ndarray  # 0 to 1; nan: not from an engine
    feret_min_px: np.ndarray
    aspect_ratio: np.ndarray  # major/minor, >= 1
    roundness: np.ndarray  # 4A/(pi Feret_max^2)
    width_px: np.ndarray  # of the bounding box
    height_px: np.ndarray
    frame_width_px: np.ndarray
    frame_height_px: np.ndarray
    touches_border: np.ndarray  # bool


@dataclass(frozen=True)
class Selection:
    """The particles that count. Arrays of shape (N,); `unit` is that of `diameter`."""

    unit: str  # "nm", or "px" where not one particle has a calibration
    diameter: np.ndarray  # ECD
    edge_weight: np.ndarray | None
    aspect_ratio: np.ndarray
    roundness: np.ndarray
    frame: np.ndarray
    recording: np.ndarray
    calibrations: list  # keys
    n_found: int
    n_below_confidence: int
    n_without_outline: int  # a box alone has no diameter
    n_at_border: int
    n_below_cut: int
    n_too_wide: int  # more than half of the field: no edge weight exists
    n_uncalibrated: int

    @property
    def n(self):
        return self.diameter.size

    @cached_property
    def n_frames(self):
        return np.unique(self.frame).size

    @cached_property
    def n_recordings(self):
        return np.unique(self.recording).size


def select(columns, *, border="exclude", feret_min_px=FERET_MIN_PX, confidence_min=0.0):
    """Apply the edge rule and the size cut; take nm where any particle has them, else pixels, never both.

    Parameters
    ----------
    columns : ParticleColumns
    border : {"exclude", "weight", "include"}
        What becomes of particles that touch the frame's border. "weight" leaves them out and weights the
        others for the large ones lost (`edges.edge_weight`).
    feret_min_px : float
        Smallest minimum Feret diameter that counts, in pixels: a matter of the sampling, not of the specimen.
    confidence_min : float
        Smallest confidence that counts, 0 to 1; what carries none always counts.

    Returns
    -------
    Selection
        Each particle left out is counted under the first reason that applies, in the order of the fields.
    """
    is_doubtful = columns.confidence < confidence_min
    outlined = np.isfinite(columns.ecd_px)
    left = outlined & ~is_doubtful

    def drop(condition):
        nonlocal left
        dropped = left & condition
        left = left & ~condition
        return int(dropped.sum())

    at_border = 0 if border == "include" else drop(columns.touches_border)
    below_cut = drop(~(columns.feret_min_px >= feret_min_px)) if feret_min_px > 0 else 0
    weight, too_wide = None, 0
    if border == "weight":
        weight = edge_weight(
            columns.width_px, columns.height_px, columns.frame_width_px, columns.frame_height_px
        )
        too_wide = drop(np.isnan(weight))
    has_nm = np.isfinite(columns.ecd_nm)
    unit = "nm" if (left & has_nm).any() else "px"
    uncalibrated = drop(~has_nm) if unit == "nm" else int(left.sum())
    return Selection(
        unit=unit,
        diameter=(columns.ecd_nm if unit == "nm" else columns.ecd_px)[left],
        edge_weight=None if weight is None else weight[left],
        aspect_ratio=columns.aspect_ratio[left],
        roundness=columns.roundness[left],
        frame=columns.frame[left],
        recording=columns.recording[left],
        calibrations=sorted(set(columns.calibration[left].tolist()) - {0}) if unit == "nm" else [],
        n_found=outlined.size,
        n_below_confidence=int(is_doubtful.sum()),
        n_without_outline=int((~outlined & ~is_doubtful).sum()),
        n_at_border=at_border,
        n_below_cut=below_cut,
        n_too_wide=too_wide,
        n_uncalibrated=uncalibrated,
    )
