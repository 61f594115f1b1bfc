"""One of several processes of a training, for test_distributed.py: torchrun starts it with a folder."""

import json
import sys
from pathlib import Path

import torch

from mlcore.training.config import DetectorConfig
from mlcore.training.detector import train_detector
from mlcore.training.distributed import together


def main():
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "asked.json").read_text())
    with together() as place:
        train_detector(
            DetectorConfig(**asked["config"]), [(1.0, asked["files"])], folder, workers=0, place=place,
            save_every_s=1e9,
        )  # fmt: skip


main()
