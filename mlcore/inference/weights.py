"""Weights on disk: safetensors beside a model.json that says what they are, refused where they disagree."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHIPPED = Path(__file__).parents[1] / "weights"
ABOUT = "model.json"
DETECTOR, FEATURENET = "detector.safetensors", "featurenet.safetensors"


@dataclass(frozen=True)
class Model:
    """What a folder of weights holds: model.json and where it lies; its files have the hashes it names."""

    folder: Path
    about: dict

    @property
    def version(self):
        """Name and hash, short enough for a table: of one hash, results are of one network."""
        return f"{self.about['version']} {self.sha256[:12]}"

    @property
    def sha256(self):
        """One hash of all weights and of the thresholds they are used with."""
        return _digest(json.dumps(self.about, sort_keys=True).encode())

    def path(self, name):
        """A file of the folder; ValueError if the model has none of that name."""
        if name not in self.about["files"]:
            raise ValueError(f"The weights in “{self.folder}” hold no {name}.")
        return self.folder / name


def read_model(folder=SHIPPED, part="detector"):
    """The model in a folder; ValueError in one sentence if it is incomplete or its files were changed.

    `part` is what it must have: a detector, or a gan, which finds nothing.
    """
    folder = Path(folder)
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        files = dict(about["files"])
        _ = about["version"], about[part]["mode"], about[part]["width"]
    except OSError as error:
        raise ValueError(f"The weights in “{folder}” cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"“{folder / ABOUT}” is no description of weights ({error}); copy the folder again."
        ) from None
    for name, expected in files.items():
        try:
            found = _digest((folder / name).read_bytes())
        except OSError as error:
            raise ValueError(f"The weights “{folder / name}” cannot be read: {error.strerror}.") from None
        if found != expected:
            raise ValueError(
                f"The weights “{folder / name}” are not those that {ABOUT} describes (SHA-256 {found[:12]}…, "
                f"expected {expected[:12]}…); copy both again from one release."
            )
    return Model(folder, about)


def write_model(folder, about, networks, part="detector"):
    """Write networks as fp16 safetensors with their model.json.

    Parameters
    ----------
    about : dict
        version, detector or gan (mode, width), and what else belongs to the model; `files` is added here.
    networks : dict of str to dict of str to Tensor
        File name -> weights by name.
    """
    import torch
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, tensors in networks.items():
        half = {
            key: (one.half() if one.is_floating_point() else one).contiguous() for key, one in tensors.items()
        }
        if any(not torch.isfinite(one).all() for one in half.values() if one.is_floating_point()):
            raise ValueError(f"{name}: some weights are too large for 16 bits, or no numbers at all.")
        save_file(half, folder / name)
        (folder / name).chmod(0o644)  # it is made for its owner alone
        files[name] = _digest((folder / name).read_bytes())
    return _described(folder, {**about, "files": files}, part)


def amend(folder, part="detector", **values):
    """Write values into a folder's model.json, whose weights stay: another model from then on."""
    return _described(Path(folder), {**read_model(folder, part).about, **values}, part)


def _described(folder, about, part="detector"):
    (folder / ABOUT).write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return read_model(folder, part)


def tensors(path):
    """Weights of a file by name, as float32 arrays; integers as they are."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        loaded = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"The weights “{path}” are no safetensors: {error}.") from None
    return {name: one.astype(np.float32) if one.dtype.kind == "f" else one for name, one in loaded.items()}


def load_into(net, path):
    """Put a file's weights into a torch network; ValueError if they are of another one."""
    import torch

    try:
        net.load_state_dict({name: torch.from_numpy(one) for name, one in tensors(path).items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"The weights “{path}” do not fit the network that {ABOUT} describes: {reason}"
        ) from None
    return net


def _digest(content):
    return hashlib.sha256(content).hexdigest()
