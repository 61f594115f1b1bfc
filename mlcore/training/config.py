"""All that decides a training run; kept whole in the checkpoint."""

import json
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

from mlcore.data.sources import check
from mlcore.nets.channels import CHANNELS_OF


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """Of a detector. `sources` are those of `mlcore/data/sources.py`; `mode` is one of CHANNELS_OF."""

    sources: tuple
    mode: str = "ours"
    width: float = 0.5
    crop_px: int = 256  # side of a square crop
    batch_size: int = 4
    steps: int = 2500
    lr: float = 6e-4  # AdamW's highest; 3 % warm-up, then cosine to 1e-6
    weight_decay: float = 1e-2
    ema: float = 0.998  # of the weights that are kept
    clip: float = 1.0  # of the gradient's norm
    seed: int = 0
    learn_classes: bool = True  # without it tubes and aggregates are told apart as the first weights do
    start_from: str | None = None  # a checkpoint whose averaged weights are the first ones: fine-tuning
    teacher: str | None = None  # a checkpoint whose finds in people's boxes are learnt as outlines

    def __post_init__(self):
        if self.crop_px % 32 or self.crop_px < 64:
            raise ValueError(
                f"crop_px must be a multiple of 32 from 64 on (five halvings), got {self.crop_px}."
            )
        if self.mode not in CHANNELS_OF:
            known = "”, “".join(CHANNELS_OF)
            raise ValueError(f"mode must be one of “{known}”, got “{self.mode}”.")
        for name in ("start_from", "teacher"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ValueError(f"{name} must be the path of a checkpoint, got {value!r}.")
        if not self.sources:
            raise ValueError("sources must name at least one source of examples.")
        for source in self.sources:
            check(source)
        for name in ("batch_size", "steps", "lr", "width"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}.")

    def as_dict(self):
        """Plain values."""
        return asdict(self)

    def equals(self, stored):
        """Whether a checkpoint's plain values say the same; a name that came later has its default there."""
        usual = {one.name: one.default for one in fields(self) if one.default is not MISSING}
        return {**usual, **stored} == {**usual, **json.loads(json.dumps(self.as_dict()))}


def read_config(path, kind):
    """A configuration of class `kind` from a JSON file; ValueError says what is wrong with it."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"The configuration “{path}” cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"The configuration “{path}” is no JSON: line {error.lineno}, {error.msg}."
        ) from None
    if not isinstance(content, dict):
        raise ValueError(f"The configuration “{path}” must be a JSON object of names and values.")
    known = {one.name for one in fields(kind)}
    if unknown := sorted(set(content) - known):
        raise ValueError(
            f"The configuration “{path}” has unknown names: {', '.join(unknown)}; "
            f"known are {', '.join(sorted(known))}."
        )
    try:
        return kind(**content)
    except TypeError as error:
        raise ValueError(f"The configuration “{path}” is incomplete: {error}.") from None
