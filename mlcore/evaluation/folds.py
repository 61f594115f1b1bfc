"""Which frames of the labelled sets a network is tested on that never learnt from them: fixed in folds.json.

A fold holds out one material of the catalysts, every fifth tile of the gold and every fifth frame of the
defect loops at once, so that five networks serve all sets.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATH = Path(__file__).with_name("folds.json")


@dataclass(frozen=True)
class Fold:
    """Names of the frames held out, by set."""

    name: str
    held_out: dict


@cache
def folds():
    """All of them, in order."""
    content = json.loads(PATH.read_text(encoding="utf-8"))["folds"]
    return tuple(
        Fold(one["name"], {key: frozenset(names) for key, names in one["held_out"].items()})
        for one in content
    )


def fold_of(set_name, frame_name):
    """The fold that holds a frame out; ValueError for one that no fold names."""
    for fold in folds():
        if frame_name in fold.held_out.get(set_name, ()):
            return fold
    raise ValueError(f"No fold holds out “{frame_name}” of {set_name}: add it to {PATH.name}.")
