"""A short training of a refining GAN on catalysts' micrographs: distances to unseen real images, and sizes.

Four of the materials are learnt from, the fifth is what the figures are held against. 300 steps at an eighth
of the width are no finished GAN; what they must not do is to spoil sizes. `ETEM_GAN_STEPS` asks for others.
"""

import os
import tempfile
from pathlib import Path

from mlcore.data import sources
from mlcore.data.gan_batches import prepare_scenes
from mlcore.training import checkpoint
from mlcore.training.course import FILE
from mlcore.training.gan import train_gan
from mlcore.training.gan_config import GanConfig
from mlcore.training.gan_model import write_gan
from tests.benchmark.labelled import ROOT
from tests.benchmark.report import Row

HELD_OUT = "Ru"
STEPS = int(os.environ.get("ETEM_GAN_STEPS", 300))
MAE_PX = 1.0  # the bound of docs/gan.md


def run():
    real = {"yolo": str(ROOT / "ardagen" / "labels"), "images": str(ROOT / "ardagen" / "images")}
    config = GanConfig(sources=(real,), steps=STEPS)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        scenes = prepare_scenes(config, folder / "scenes")
        paths = sources.prepare(real, folder / "real", processes=2)
        held_out = [path for path in paths if path.stem.startswith(HELD_OUT)]
        learnt = [path for path in paths if path not in held_out]
        train_gan(config, scenes, learnt, folder)
        state = checkpoint.load(folder / FILE)
        _, found = write_gan(
            folder, state, version="bench", scenes=scenes, train=learnt, held_out=held_out, config=config
        )
    ends = [sum(one[0] for one in some) / len(some) for some in (state["losses"][:20], state["losses"][-20:])]
    note = (
        f"{STEPS} steps, width {config.width:g}; {len(learnt)} frames learnt from, {len(held_out)} of "
        f"{HELD_OUT} unseen; loss that tells real from made {ends[0]:.2f}, at the end {ends[1]:.2f}"
    )
    yield Row("KID-etem of refined patches against unseen real ones", found["kid"], "",
              at_most=found["kid_sim"], peer="as simulated", note=note)  # fmt: skip
    yield Row("KID-etem of two halves of real ones", found["kid_real"], "")
    yield Row("KID-etem of blurred noise against real ones", found["kid_noise"], "")
    yield Row("diameter measured after refining less that asked for", found["diameter_mae_px"], "px",
              at_most=found["diameter_mae_px_sim"] + MAE_PX, peer="as simulated, and 1 px")  # fmt: skip
    before = f"{found['diameter_slope_sim']:.3f} before refining; {found['sized']} particles"
    yield Row("slope of that diameter", found["diameter_slope"], "", note=before)
    yield Row("particles left as simulated", 100 * (found["rejection_rate"] or 0), "%",
              note=f"of {found['measured']} measured")  # fmt: skip
