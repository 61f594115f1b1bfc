"""A training's state on disk: written beside the old one and renamed, so that one good state always stays."""

import os
from pathlib import Path

import torch


def save(path, state):
    """Write a state; on a full disk the last good one stays and OSError is raised."""
    path = Path(path)
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        # torch reports a full disk as a RuntimeError of its own writer.
        if isinstance(error, RuntimeError) and not isinstance(error, OSError):
            raise OSError(f"The checkpoint could not be written to {path.parent}: {error}") from error
        raise


def load(path):
    """A state, or None where there is none yet."""
    path = Path(path)
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None
