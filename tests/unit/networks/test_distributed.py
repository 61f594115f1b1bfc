"""Two processes connected by gloo come to the weights of one: the same batches, losses and normalisation."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mlcore.data import sources
from mlcore.training import checkpoint
from mlcore.training.config import DetectorConfig
from mlcore.training.detector import train_detector
from mlcore.training.distributed import Place

ROOT = Path(__file__).parents[3]
SCENES = {"simulate": {"tier": "training", "seed": 1, "count": 3, "size": 96}}
CONFIG = {
    "sources": [SCENES], "width": 0.25, "crop_px": 64, "batch_size": 4, "steps": 4, "lr": 1e-3,
}  # fmt: skip


@pytest.mark.slow
def test_two_processes_come_to_the_weights_of_one(tmp_path):
    files = sources.prepare(SCENES, tmp_path / "scenes", processes=1)
    alone, spread = tmp_path / "alone", tmp_path / "spread"
    alone.mkdir()
    spread.mkdir()
    train_detector(DetectorConfig(**CONFIG), [(1.0, files)], alone, workers=0)
    asked = {"config": CONFIG, "files": [str(one) for one in files]}
    (spread / "asked.json").write_text(json.dumps(asked))
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "tests/unit/networks/spread_training.py", spread],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one, two = (checkpoint.load(folder / "checkpoint.pt") for folder in (alone, spread))
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-3)
    assert set(one["average"]) == set(two["average"])
    for name, value in one["average"].items():
        torch.testing.assert_close(two["average"][name], value, rtol=2e-3, atol=2e-4, msg=name)
    begun = DetectorConfig(**CONFIG)
    moved = [
        (one["net"][name] - value).abs().max().item()
        for name, value in first_weights(begun).items()
        if value.dtype.is_floating_point
    ]
    assert max(moved) > 5e-3, "the weights must have moved by far more than the tolerance"


def first_weights(config):
    from mlcore.nets.detector import build_detector

    torch.manual_seed(config.seed)
    return build_detector(config.width).state_dict()


def test_each_process_has_its_share_of_a_batch():
    assert [Place(rank, 3).share(6) for rank in range(3)] == [(0, 2), (2, 4), (4, 6)]
    with pytest.raises(ValueError, match="A batch of 4 cannot be shared among 3 processes"):
        Place(0, 3).share(4)
