"""What a training's step is said to need is what it takes, and a batch that is said to fit fits."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mlcore.nets.detector import build_detector
from mlcore.training.footprint import free_bytes, largest_batch, step_bytes

ROOT = Path(__file__).parents[3]
# A process that may have no more memory than is said to suffice learns from a batch; "ok" or torch's error.
TRY = """
import resource, sys
import torch
from mlcore.nets.detector import build_detector
from mlcore.training.footprint import step_bytes
n_said, n_tried = map(int, sys.argv[1:])
net = build_detector(0.5).to(memory_format=torch.channels_last)
optimiser = torch.optim.AdamW(net.parameters())
def learn(n, side):
    crops = torch.randn(n, 1, side, side).to(memory_format=torch.channels_last)
    optimiser.zero_grad()
    net(crops).square().mean().backward()
    optimiser.step()
learn(2, 64)  # threads and libraries have their memory then; so have gradients and moments
fixed, each = step_bytes(net, torch.zeros(1, 1, 128, 128))
status = open("/proc/self/status").read()
in_use = 1024 * int(status.split("VmData:")[1].split()[0])
resource.setrlimit(resource.RLIMIT_DATA, (in_use + n_said * each,) * 2)
try:
    learn(n_tried, 128)
    print("ok")
except (RuntimeError, MemoryError) as error:
    print(error)
"""


def tried(n_said, n_tried):
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(n_said), str(n_tried)], cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are Linux’")
@pytest.mark.slow
def test_what_is_said_to_fit_fits_and_not_much_is_wasted():
    assert tried(8, 8) == "ok"
    assert "allocate memory" in tried(8, 20)


def test_twice_the_side_keeps_four_times_as_much():
    net = build_detector(0.25)
    fixed, small = step_bytes(net, torch.zeros(1, 1, 64, 64))
    again, large = step_bytes(net, torch.zeros(1, 1, 128, 128))
    assert fixed == again == 5 * sum(one.nbytes for one in (*net.parameters(), *net.buffers()))
    assert large == pytest.approx(4 * small, rel=0.02)


def test_the_largest_batch():
    assert largest_batch(fixed=100, each=50, there=1000) == 15  # (850 - 100) / 50
    assert largest_batch(fixed=100, each=50, there=100) <= 0


def test_a_container_s_limit_counts(tmp_path, monkeypatch):
    from mlcore.training import footprint

    for name, text in (("LIMIT", "3000000000"), ("USED", "1000000000")):
        monkeypatch.setattr(footprint, name, tmp_path / name)
        (tmp_path / name).write_text(f"{text}\n")
    inside = free_bytes("cpu")
    assert 0 <= inside < 4e9
    (tmp_path / "LIMIT").write_text("max\n")
    assert free_bytes("cpu") >= inside
