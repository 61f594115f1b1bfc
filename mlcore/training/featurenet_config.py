"""All that decides a FeatureNet's training; kept whole in its checkpoint."""

import json
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

from mlcore.data.sources import check


@dataclass(frozen=True, kw_only=True)
class FeatureNetConfig:
    """`sources` are those of `mlcore/data/sources.py`, `detector` a checkpoint whose boxes are learnt."""

    sources: tuple
    detector: str
    mode: str = "ours"  # or "paper": diameter, aspect ratio and roundness by least squares, no intervals
    passes: int = 2  # of the detector over each training scene: one as in use, others augmented
    batch_size: int = 64
    steps: int = 1500
    lr: float = 2e-3  # AdamW's highest; 3 % warm-up, then cosine to 1e-6
    weight_decay: float = 1e-2
    ema: float = 0.995  # of the weights that are kept
    clip: float = 5.0  # of the gradient's norm
    seed: int = 0
    learn_classes: bool = True  # without it the class is not learnt
    seen: tuple = ()  # beginnings of names of scenes the detector learnt from: for training alone
    shards: str | None = None  # a folder of crops that an earlier training made; by default one in --out
    paper: str | None = None  # the checkpoint of a training in mode "paper", to be compared with

    def __post_init__(self):
        if self.mode not in ("ours", "paper"):
            raise ValueError(f"mode must be “ours” or “paper”, got “{self.mode}”.")
        if not self.sources:
            raise ValueError("sources must name at least one source of examples.")
        for source in self.sources:
            check(source)
        for name in ("passes", "batch_size", "steps", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}.")
        if isinstance(self.seen, str):
            raise ValueError(f"seen must be a list of beginnings of names, got “{self.seen}”.")
        if self.batch_size < 2:
            raise ValueError("batch_size must be at least 2: the network normalises over the batch.")
        for name in ("detector", "paper"):
            path = getattr(self, name)
            if path is not None and not Path(path).is_file():
                raise ValueError(f"{name} must be a checkpoint that train wrote; “{path}” does not exist.")

    def as_dict(self):
        """Plain values."""
        return asdict(self)

    def equals(self, stored):
        """Whether a checkpoint's plain values say the same; a name that came later has its default there."""
        usual = {one.name: one.default for one in fields(self) if one.default is not MISSING}
        return json.loads(json.dumps({**usual, **stored})) == json.loads(json.dumps(self.as_dict()))
