"""What a training may be asked for: usual values and the least and most of each, known without torch."""

import math
from dataclasses import dataclass

CROP_STEP_PX = 32  # the network halves a crop five times


@dataclass(frozen=True)
class Limit:
    """A setting's usual value and what it may be."""

    usual: float
    least: float
    most: float
    is_whole: bool = True
    multiple: int = 1

    def refusal(self, label, value):
        """Why a value is refused, in one sentence; empty if it is not."""
        if self.is_whole and (isinstance(value, bool) or int(value) != value):
            return f"{label} must be a whole number, got {value}."
        if not self.least <= value <= self.most:
            return f"{label} must be from {_plain(self.least)} to {_plain(self.most)}, got {_plain(value)}."
        if self.is_whole and value % self.multiple:
            return f"{label} must be a multiple of {self.multiple}, got {value}."
        return ""


LABELS = {
    "steps": "Steps", "batch_size": "Batch size", "lr": "Learning rate", "crop_px": "Crop",
    "patch_px": "Patch",
}  # fmt: skip
DETECTOR = {
    "steps": Limit(400, 10, 100_000),
    "batch_size": Limit(4, 1, 256),
    "lr": Limit(2e-4, 1e-6, 1e-2, is_whole=False),
    "crop_px": Limit(256, 64, 768, multiple=CROP_STEP_PX),
}
FEATURENET = {
    "steps": Limit(1500, 10, 100_000),
    "batch_size": Limit(64, 2, 4096),
    "lr": Limit(2e-3, 1e-6, 1e-2, is_whole=False),
}
GAN = {
    "steps": Limit(2000, 10, 100_000),
    "batch_size": Limit(16, 2, 256),
    "patch_px": Limit(64, 32, 128, multiple=16),
}
LIMITS = {"train_detector": DETECTOR, "train_featurenet": FEATURENET, "train_gan": GAN}
# Random weights need more steps, and bear a higher rate.
FROM_SCRATCH = {"train_detector": {"steps": 4000, "lr": 6e-4}, "train_featurenet": {}, "train_gan": {}}
WIDTHS = (0.25, 0.5, 1.0)  # of a detector from random weights; another's is as wide as it was
GAN_WIDTHS = (0.125, 0.25, 0.5, 1.0)  # always from random weights
GAN_MODES = {
    "refiner": "Refine simulated frames: outlines stay exact",
    "parametric": "Make patches of one particle from its size and shape",
}
PARAMETRIC_PX = 64  # of a patch that is made of nothing
SEED = Limit(0, 0, 2**31 - 1)
LEAST_FRAMES = {"train": 2, "val": 1}
LEAST_PARTICLES = {"train": 10, "val": 1}


def usual(kind, is_from_scratch=False):
    """The usual settings of a kind of training."""
    values = {name: limit.usual for name, limit in LIMITS[kind].items()}
    return values | (FROM_SCRATCH[kind] if is_from_scratch else {})


def refusals(kind, settings):
    """Setting -> one sentence, of those that are not as they may be, not known, or missing."""
    limits, wrong = LIMITS[kind], {}
    for name, value in settings.items():
        if name not in limits:
            wrong[name] = f"There is no setting “{name}” here; known are {', '.join(limits)}."
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            wrong[name] = f"{LABELS[name]} must be a number, got {value!r}."
        elif sentence := limits[name].refusal(LABELS[name], value):
            wrong[name] = sentence
    return wrong


def whole(kind, settings):
    """The settings, which `refusals` found nothing wrong with, with whole numbers as such: 20.0 is 20."""
    limits = LIMITS[kind]
    return {name: int(value) if limits[name].is_whole else float(value) for name, value in settings.items()}


def _plain(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
