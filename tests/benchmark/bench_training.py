"""Training on CPU against the limit that its multiplications set; what a run adds; checkpoints, resuming."""

import tempfile
import time
from pathlib import Path
from statistics import mean, median

import torch
from torch.utils.flop_counter import FlopCounterMode

from mlcore.data import sources
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint, limits
from mlcore.training.config import DetectorConfig
from mlcore.training.course import FILE
from mlcore.training.detector import train_detector
from tests.benchmark.report import Row

NEEDS_DATABASE = True
SCENES = {"simulate": {"tier": "training", "seed": 77, "count": 6, "size": 384}}
STEPS, WARM = 24, 4
USUAL = limits.usual("train_detector")
SIDE = 1536


def config(**over):
    return DetectorConfig(sources=[SCENES], **{**USUAL, "steps": STEPS, **over})


def matrix_rate():
    """Floating-point operations a second of torch's product of float32 matrices, on all cores."""
    one = torch.randn(SIDE, SIDE)
    one @ one
    rates = []
    for _ in range(9):
        begun = time.perf_counter()
        one @ one
        rates.append(2 * SIDE**3 / (time.perf_counter() - begun))
    return median(rates)


def flops_a_step(settings):
    """Of forward and backward."""
    net = build_detector(settings.width)
    with FlopCounterMode(display=False) as counted:
        net(torch.zeros(settings.batch_size, 1, settings.crop_px, settings.crop_px)).sum().backward()
    return counted.get_total_flops()


def step_times(ready, out, *, workers=1, follow=None, **over):
    """Seconds of each step after the first few, and of all that `follow` did in each."""
    ends, told = [], []

    class Timed:
        average = None

        def __call__(self, step, loss, terms):
            begun = time.perf_counter()
            ends.append(begun)
            if follow:
                follow.average = self.average
                follow(step, loss, terms)
            told.append(time.perf_counter() - begun)

    train_detector(config(**over), ready, out, workers=workers, on_step=Timed(), save_every_s=1e9)
    return [b - a for a, b in zip(ends[WARM:], ends[WARM + 1 :], strict=False)], told


def run():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ready = [(1.0, sources.prepare(SCENES, folder / "scenes", processes=2))]
        yield from _throughput(ready, folder)
        yield from _of_a_run(ready, folder)


def _throughput(ready, folder):
    settings = config()
    flops, rates, times = flops_a_step(settings), [], []
    for k in range(3):
        rates.append(matrix_rate())
        out = folder / f"bare-{k}"
        out.mkdir()
        times += step_times(ready, out)[0]
    least = flops / median(rates)
    note = (
        f"{settings.batch_size} crops of {settings.crop_px} px, width {settings.width}: {flops / 1e9:.0f} "
        f"GFLOP at {median(rates) / 1e9:.0f} GFLOP/s of a matrix product; one process cuts crops beside it"
    )
    yield Row("a step of the detector's training on CPU", median(times), "s", at_most=2 * least, note=note)
    yield Row("training throughput", settings.batch_size / median(times), "crops/s")
    path = folder / "bare-0" / FILE
    state = checkpoint.load(path)
    begun = time.perf_counter()
    checkpoint.save(path, state)
    wrote = time.perf_counter() - begun
    size = path.stat().st_size / 2**20
    note = f"{size:.0f} MiB, every 60 s: 1 % of that at most"
    yield Row("a checkpoint", wrote, "s", at_most=0.01 * 60, note=note)
    again = folder / "again"
    again.mkdir()
    state["step"] = STEPS - 1
    checkpoint.save(again / FILE, state)
    first = []
    begun = time.perf_counter()
    train_detector(
        config(), ready, again, workers=1, save_every_s=1e9,
        on_step=lambda *args: first.append(time.perf_counter() - begun),
    )  # fmt: skip
    note = "the network's and the crops' process with it"
    yield Row("from a checkpoint to the end of the next step", first[0], "s", note=note)


def _of_a_run(ready, folder):
    """What following a run adds: each step's notes and beat, and looks at validation frames."""
    from annotations.models import Project, User
    from mlcore.models import Dataset, Run
    from mlcore.services.beat import Beat
    from mlcore.services.runs import summary
    from mlcore.services.work.train import LOOKS, LOOKS_SHARE, Follower
    from mlcore.training.watching import DetectorWatch

    user = User.objects.create_user(username="bench", password="nanoscale-42")
    project = Project.objects.create(name="Bench", created_by=user)
    dataset = Dataset.objects.create(project=project, name="Bench", created_by=user)
    row = Run.objects.create(
        project=project, kind="train_detector", dataset=dataset, status="running", config={**USUAL},
        steps_total=USUAL["steps"],
    )  # fmt: skip
    settings = config()
    watch = DetectorWatch(settings, ready[0][1])
    follow = Follower(row, Beat(row, summary=summary), watch)
    out = folder / "followed"
    out.mkdir()
    times, told = step_times(ready, out, follow=follow)
    begun = time.perf_counter()
    follow.watch(follow.average.state)
    first, later, plain = told[0], time.perf_counter() - begun, mean(told[1:])
    steps, bare = USUAL["steps"], median(times) - median(told[1:])
    between = min(LOOKS, LOOKS_SHARE * steps * bare / later)
    added = (steps * plain + first + (1 + between) * later) / (steps * bare)
    note = (
        f"of {steps} steps of {bare:.2f} s: {1000 * plain:.1f} ms a step for points, beat and log; looks at "
        f"validation frames, {first:.2f} s the first, {later:.2f} s the last and {between:.1f} between"
    )
    yield Row("what a run adds to the bare loop", 100 * added, "%", at_most=3, note=note)
