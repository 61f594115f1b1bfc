"""Run a trained detector over examples, once, and keep what it found for FeatureNet to learn from."""

import hashlib
import json
from zlib import crc32

import numpy as np
import torch
from torch.nn.functional import pad

from mlcore.data import feature_shards
from mlcore.data.examples import load
from mlcore.nets.channels import CHANNELS
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint

STRIDE = 32  # the network halves a frame five times
ABOUT = "about.json"


class Detector:
    """Canonical frame (H, W) -> maps (H, W), by the weights of a detector's checkpoint."""

    def __init__(self, path, device="cpu"):
        state = checkpoint.load(path)
        if state is None or "average" not in state or state["config"].get("mode") != "ours":
            raise ValueError(
                f"“{path}” is no checkpoint of a detector in mode “ours”; only that one parts particles."
            )
        self.device = device
        self.net = build_detector(state["config"]["width"])
        self.net.load_state_dict(state["average"])
        self.net.eval().to(device, memory_format=torch.channels_last)
        self.key = _digest(self.net)

    @torch.inference_mode()
    def __call__(self, frame):
        height, width = frame.shape
        given = torch.from_numpy(frame)[None, None].to(self.device, memory_format=torch.channels_last)
        given = pad(given, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        logits = self.net(given)[0, :, :height, :width].float()
        size = CHANNELS.index("log_ecd")
        maps = logits.sigmoid()
        maps[size] = logits[size]
        return dict(zip(CHANNELS, maps.cpu().numpy(), strict=True))


def prepare(config, paths, folder, *, device="cpu", on_example=None, part_of=None):
    """Shards of examples, those that are there already left as they are.

    Parameters
    ----------
    paths : sequence of Path
        Files that `examples.save` wrote.
    folder : Path
        Of the shards; one detector's and one split's alone.
    on_example : callable, optional
        Called once each is done.
    part_of : dict of Path to str, optional
        Which part each path belongs to; else groups are split by the seed.

    Returns
    -------
    dict of str to list of Path
        By the parts of `feature_shards.PARTS`.

    Raises
    ------
    ValueError
        If the folder holds another detector's shards, or there are too few scenes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    detect = Detector(config.detector, device)
    about = {"detector": detect.key, "seed": config.seed}
    noted = folder / ABOUT
    if noted.exists() and json.loads(noted.read_text(encoding="utf-8")) != about:
        raise ValueError(f"{folder} holds crops of another detector or seed: name another --out or shards.")
    noted.write_text(json.dumps(about), encoding="utf-8")
    part_of = part_of or _parts(config, paths)
    made = {part: [] for part in feature_shards.PARTS}
    for path in paths:
        part = part_of[path]
        for k in range(config.passes if part == "train" else 1):
            shard = folder / f"{path.parent.name}-{path.stem}-{k}.npz"
            if not shard.exists():
                rng = np.random.default_rng([config.seed, crc32(path.stem.encode()), k])
                feature_shards.save(feature_shards.make(load(path), detect, rng, is_plain=k == 0), shard)
            made[part].append(shard)
        if on_example:
            on_example()
    return made


def _parts(config, paths):
    groups = {path: group_of(path) for path in paths}
    # A detector is better on frames that it learnt from: intervals calibrated there would be too narrow.
    is_seen = {path: path.stem.startswith(tuple(config.seen)) for path in paths}
    part = feature_shards.parts([group for path, group in groups.items() if not is_seen[path]], config.seed)
    return {path: "train" if is_seen[path] else part[groups[path]] for path in paths}


def group_of(path):
    """The specimen or scene of an example's file."""
    with np.load(path, allow_pickle=False) as stored:
        return json.loads(str(stored["about"]))["group"]


def _digest(net):
    digest = hashlib.sha256()
    for name, value in net.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
