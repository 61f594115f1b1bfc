"""All that decides a GAN's training; kept whole in its checkpoint."""

import json
from dataclasses import MISSING, asdict, dataclass, fields

from mlcore.data.sources import check
from mlcore.simulation.tiers import tier as tier_named

MODES = ("refiner", "parametric")
WIDTHS = (0.125, 0.25, 0.5, 1.0)
PATCH_STEP_PX, PATCH_PX = 16, (32, 128)


@dataclass(frozen=True, kw_only=True)
class GanConfig:
    """`sources` are those of `mlcore/data/sources.py`, of which only the images are looked at."""

    sources: tuple
    mode: str = "refiner"  # or "parametric": a patch of one particle from noise and its parameters
    width: float = 0.125
    patch_px: int = 64
    batch_size: int = 16
    steps: int = 2000
    lr_g: float = 1e-4
    lr_d: float = 4e-4
    ema: float = 0.999  # of the generator that is kept
    r1: float = 1.0
    r1_every: int = 16
    condition: float = 1.0  # weights of the losses beside the verdict
    edge: float = 5.0
    level: float = 10.0
    tier: str = "training"  # of the simulated scenes
    scenes: int = 48
    scene_px: int = 256
    seed: int = 0

    def __post_init__(self):
        if self.mode not in MODES:
            raise ValueError(f"mode must be “refiner” or “parametric”, got “{self.mode}”.")
        if self.width not in WIDTHS:
            raise ValueError(f"width must be one of {', '.join(map(str, WIDTHS))}, got {self.width}.")
        low, high = PATCH_PX
        if self.patch_px % PATCH_STEP_PX or not low <= self.patch_px <= high:
            raise ValueError(
                f"patch_px must be a multiple of {PATCH_STEP_PX} from {low} to {high}, got {self.patch_px}."
            )
        if self.mode == "parametric" and self.patch_px != 64:
            raise ValueError(
                f"A parametric GAN makes patches of 64 px; patch_px must be 64, got {self.patch_px}."
            )
        if self.batch_size < 2:
            raise ValueError(
                "batch_size must be at least 2: patches of a batch are compared with each other."
            )
        for name in ("steps", "lr_g", "lr_d", "r1_every", "scenes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}.")
        if self.scene_px < max(self.patch_px, 64):
            raise ValueError(f"scene_px must be at least 64 and no less than patch_px, got {self.scene_px}.")
        if not self.sources:
            raise ValueError("sources must name at least one source of real images.")
        for source in self.sources:
            check(source)
        tier_named(self.tier)

    def as_dict(self):
        """Plain values."""
        return asdict(self)

    def equals(self, stored):
        """Whether a checkpoint's plain values say the same; a name that came later has its default there."""
        usual = {one.name: one.default for one in fields(self) if one.default is not MISSING}
        return json.loads(json.dumps({**usual, **stored})) == json.loads(json.dumps(self.as_dict()))
