"""What an engine is: an image in, particles out. Networks and baseline alike."""

import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from mlcore.inference.estimate import Estimate

# Named here, imported when used: naming an engine must not load scikit-image, let alone torch.
ENGINES = {
    "network": "mlcore.inference.network:NetworkEngine",
    "classical": "mlcore.inference.classical:ClassicalEngine",
}
TITLES = {
    "network": "Network: learned, with intervals of size",
    "classical": "Classical: edges and levels, no training",
}
if not (Path(__file__).parents[1] / "weights" / "model.json").exists():
    del ENGINES["network"]  # an installation without weights; `manage.py detect --weights` names some
DEFAULT_ENGINE = next(iter(ENGINES))
# What is shown at first and written to tables. With confidences that are probabilities, F1 is largest where
# detections count from half of the best F1 on (Z. Lipton et al., ECML 2014): about 0.5 on hard micrographs.
DEFAULT_CONFIDENCE = 0.25


_loading = threading.Lock()


@dataclass(frozen=True)
class Detection:
    """One particle found: its outline (V, 2) in pixels, x then y, its class and how far to trust it."""

    outline: np.ndarray
    confidence: float  # 0 to 1: the share of such detections that are particles
    label: str = "nanoparticle"
    estimate: Estimate | None = None  # size and shape with intervals, where the engine gives them

    @property
    def box(self):
        """x, y, width, height of the outline's bounding box."""
        low, high = self.outline.min(0), self.outline.max(0)
        return (*low.tolist(), *(high - low).tolist())


class Engine(Protocol):
    name: str
    version: str

    def find(
        self,
        image: np.ndarray,
        pixel_size_nm: float | None = None,
        on_step: Callable[[float], None] | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> list[Detection]:
        """Particles of an image (H, W), the surest first.

        `on_step` is called with the share done, 0 to 1; what it raises stops the engine. `on_note` is called
        with a sentence where a person should know what was not searched. A `ValueError` says in one sentence
        why an image cannot be searched.
        """
        ...


def load_engine(name):
    """The engine of a name, one a process; ValueError names those there are."""
    with _loading:  # two threads wait for one load
        return _load(name)


@cache
def _load(name):
    return engine_class(name)()


def engine_class(name):
    """What makes engines of a name; ValueError names those there are."""
    if name not in ENGINES:
        raise ValueError(f"There is no engine “{name}”; choose one of: {', '.join(sorted(ENGINES))}.")
    module, attribute = ENGINES[name].split(":")
    return getattr(importlib.import_module(module), attribute)
