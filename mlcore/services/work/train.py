"""What the trainings of both networks share on a worker: where they begin, what they tell, how they end."""

import errno
import logging
import math
import platform
import time
from collections import deque
from contextlib import contextmanager

import psutil
import pynvml
import torch
from django.conf import settings

from mlcore.data import examples
from mlcore.data.feature_crops import CHANNELS
from mlcore.data.feature_crops import SIDE_PX as CROP_PX
from mlcore.evaluation.examples import figures_of, found_of
from mlcore.inference.network import NetworkEngine
from mlcore.inference.weights import SHIPPED, read_model, tensors
from mlcore.models import ModelVersion
from mlcore.nets.detector import build_detector
from mlcore.nets.featurenet import build_featurenet
from mlcore.services.datasets import example_files, test_truth
from mlcore.services.model_versions import CARD, register_model
from mlcore.services.progress import note_line, note_point, note_sample
from mlcore.services.run_folder import delete_run_folder, run_folder
from mlcore.services.stored import local_folder
from mlcore.services.work.train_card import card_of
from mlcore.training import checkpoint
from mlcore.training.course import FILE
from mlcore.training.footprint import free_bytes, largest_batch, step_bytes
from mlcore.words import duration

logger = logging.getLogger(__name__)

POINTS = 200  # of the training's curve
LOOKS = 10  # at validation frames
LOOKS_SHARE = 0.01  # of a training's time that they may have taken where another begins; the last always does
STEPS_TIMED = 20
RESOURCES_EVERY_S = 2.0
FULL = {errno.ENOSPC, errno.EDQUOT}
FRAMES_MEASURED = 60  # at most, evenly chosen
LEAST_CROP_PX = 64
CROP_STEP_PX = 32


def device():
    """Where a worker trains."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def cutters():
    """How many processes cut crops beside the one that trains."""
    return max(min(psutil.cpu_count() - 1, 8), 1) if device() == "cuda" else 1


def base_model(run):
    """The model that a run begins with, read and checked; None for random weights."""
    if run.config["base"] == "scratch":
        return None
    return read_model(local_folder(run.model_version.folder) if run.model_version else SHIPPED)


def weights_of(model, name):
    """Weights of one of a model's networks; None where there is none."""
    if model is None or name not in model.about["files"]:
        return None
    return {key: torch.from_numpy(one) for key, one in tensors(model.path(name)).items()}


def files_of(run):
    """Paths of the training's examples and of the validation's."""
    train, val = (example_files(run.dataset, split) for split in ("train", "val"))
    if not train or not val:
        raise ValueError(f"“{run.dataset}” has no frames to train or to validate on; freeze more.")
    return train, val


def about(run):
    """What a checkpoint keeps of where it comes from."""
    return {
        "release": settings.RELEASE, "machine": f"{psutil.cpu_count()} cores, {platform.machine()}",
        "dataset": str(run.dataset), "dataset_sha256": run.dataset.sha256, "run": run.pk,
        "base": str(run.model_version) if run.model_version else run.config["base"],
    }  # fmt: skip


class Follower:
    """A training's `on_step`: the row, the curve, and now and then a look at validation frames."""

    def __init__(self, run, beat, watch):
        self.run, self.beat, self.watch, self.total = run, beat, watch, run.config["steps"]
        self.average = None  # set by the training
        self.every = max(math.ceil(self.total / POINTS), 1)
        self.look_every = max(math.ceil(self.total / LOOKS), 1)
        self.times, self.sums = deque(maxlen=STEPS_TIMED), {}
        self.resources = Resources()
        self.begun_at = self.last_at = time.monotonic()
        self.looked_s, self.n_steps = 0.0, 0

    def __call__(self, step, loss, terms):
        now = time.monotonic()
        if self.n_steps:  # the first waits for the first batch
            self.times.append(now - self.last_at)
        self.n_steps += 1
        self._sum({"loss": loss, **terms})
        if step % self.every == 0 or step == self.total:
            note_point(self.run, step, "train", self._means())
        if step in (1, self.total) or (step % self.look_every == 0 and self._may_look(now)):
            self._look(step)
        self.run.steps_done = step  # what is said of a run that is stopped here counts this step too
        self.beat(
            steps_done=step, steps_total=self.total, resources=self.resources(),
            step_s=sum(self.times) / len(self.times) if self.times else None,
        )  # fmt: skip
        if self.n_steps == STEPS_TIMED:
            left_s = (self.total - step) * sum(self.times) / len(self.times)
            note_line(self.run, f"{STEPS_TIMED} steps timed: about {duration(left_s)} to go.")
        self.last_at = time.monotonic()

    def _sum(self, values):
        for name, value in values.items():
            total, n = self.sums.get(name, (0.0, 0))
            self.sums[name] = total + value, n + 1

    def _means(self):
        means = {name: float(total) / n for name, (total, n) in self.sums.items()}
        self.sums = {}
        return means

    def _may_look(self, now):
        return self.looked_s <= LOOKS_SHARE * (now - self.begun_at)

    def _look(self, step):
        began = time.monotonic()
        figures, pictures = self.watch(self.average.state)
        note_point(self.run, step, "val", figures)
        for name, png in pictures:
            note_sample(self.run, step, name, png)
        self.looked_s += time.monotonic() - began


class Resources:
    """Processor, memory and GPU in use by this process and its children, measured now and then."""

    def __init__(self):
        self.process, self.at, self.last = psutil.Process(), 0.0, {}
        self.cpu_s, self.cpu_at = _cpu_s(self._processes()), time.monotonic()

    def __call__(self):
        now = time.monotonic()
        if now - self.at < RESOURCES_EVERY_S:
            return self.last or None
        self.at = now
        processes = self._processes()
        cpu_s, memory = _cpu_s(processes), 0
        for one in processes:
            try:
                memory += one.memory_info().rss
            except psutil.Error:
                continue
        share = max(cpu_s - self.cpu_s, 0) / max(now - self.cpu_at, 1e-6)
        self.cpu_s, self.cpu_at = cpu_s, now
        self.last = {
            "cores_used": round(share, 2), "cores": psutil.cpu_count(),
            "memory_bytes": memory, "memory_total_bytes": psutil.virtual_memory().total,
        }  # fmt: skip
        if torch.cuda.is_available():
            free, total = torch.cuda.mem_get_info()
            self.last |= {
                "gpu": torch.cuda.get_device_name(), "gpu_memory_bytes": total - free,
                "gpu_memory_total_bytes": total, "gpu_used": _gpu_used(),
            }  # fmt: skip
        return self.last

    def _processes(self):
        return [self.process, *self.process.children(recursive=True)]


def _cpu_s(processes):
    total = 0.0
    for one in processes:
        try:
            times = one.cpu_times()
            total += times.user + times.system
        except psutil.Error:
            continue
    return total


def _gpu_used():
    """Per cent of the last moments in which the GPU computed; None where its driver does not tell."""
    try:
        return torch.cuda.utilization()
    except (RuntimeError, pynvml.NVMLError):
        return None


@contextmanager
def full_disk_told(run):
    """A full disk is one sentence; the last good checkpoint stays, and the run can go on from it."""
    try:
        yield
    except OSError as error:
        text = str(error)
        if error.errno not in FULL and "No space left" not in text and "could not be written" not in text:
            raise
        raise ValueError(
            f"The disk of the worker is full, and the state after step {run.steps_done:,} could not be "
            "written; free some space and try again: it goes on from the last checkpoint."
        ) from error


def note_begin(run, folder):
    """Say in the log where a training begins."""
    state = checkpoint.load(folder / FILE)
    where = "begins" if state is None else f"goes on after step {state['step']:,}, attempt {run.attempts}"
    note_line(run, f"The training {where}, on {'a GPU' if device() == 'cuda' else 'CPU'}.")


def finish(run, beat, write):
    """Write the model's folder, measure it on the validation part, register it; gives the sentence."""
    folder = run_folder(run) / "model"
    note_line(run, "Trained; the model is put together and measured on the validation frames.")
    model = write(folder)
    beat(force=True)
    figures = validation_figures(run, NetworkEngine(folder), beat)
    note_point(run, run.config["steps"], "final", {name: one["value"] for name, one in figures.items()})
    (folder / CARD).write_text(card_of(run, model, figures), encoding="utf-8")
    beat(force=True)
    version = register_model(
        run=run, folder=folder, title=run.config.get("title", ""), parent=run.model_version
    )
    f1 = figures["f1"]["value"]
    told = "" if f1 is None else f": F1 {f1:.3f} on the validation frames"
    note_line(run, f"{version} is registered{told}.")
    delete_run_folder(run.pk)
    return f"{version} was made{told}."


def made_before(run):
    """What to say of a run whose worker was lost after its model was registered; empty if it was not."""
    version = ModelVersion.objects.filter(run=run).first()
    return f"{version} was made." if version else ""


def validation_figures(run, engine, beat):
    """Figures of the whole engine on the validation part, or some of a large one, as the benchmark's."""
    true, found = {}, {}
    frames = test_truth(run.dataset, "val")
    for one in frames[:: max(-(-len(frames) // FRAMES_MEASURED), 1)]:
        image = one.image()
        try:
            detections = engine.find(image, one.pixel_size_nm, lambda share: beat())
        except ValueError as error:
            note_line(run, f"“{one.name}” could not be searched: {error}", "warning")
            detections = []
        true[one.name] = one.truth
        found[one.name] = found_of(one.name, detections, image.shape[::-1], one.pixel_size_nm)
        beat()
    return figures_of(true, found)


def images_of(paths):
    """Some of the frames, evenly chosen."""
    return [examples.load(path).image for path in paths[:: max(-(-len(paths) // FRAMES_MEASURED), 1)]]


def with_less_memory(run):
    """A sentence and what to change: the batch that fits, at most half; where none does, the crop."""
    config, size = run.config, run.config["batch_size"]
    least = 2 if run.kind == run.Kind.TRAIN_FEATURENET else 1
    there = free_bytes(device())
    if size > least and (fits := min(size // 2, _fitting(run, config, there))) >= least:
        return f"A batch size of {fits} will fit where {size} did not.", {"batch_size": fits}
    crop = config.get("crop_px", 0) // 2 // CROP_STEP_PX * CROP_STEP_PX
    while crop >= LEAST_CROP_PX:
        if _fitting(run, config | {"crop_px": crop}, there) >= least:
            changed = {"crop_px": crop} | ({"batch_size": least} if size > least else {})
            sentence = (
                f"Crops of {crop} px will fit where {config['crop_px']} did not, in batches of {least}."
            )
            return sentence, changed
        crop = crop // 2 // CROP_STEP_PX * CROP_STEP_PX
    return "", {}


def _fitting(run, config, there):
    """The largest batch of a run with other settings that fits into so many bytes."""
    if run.kind == run.Kind.TRAIN_FEATURENET:
        net, example = build_featurenet(), torch.zeros(1, len(CHANNELS), CROP_PX, CROP_PX)
    else:
        base = base_model(run)
        width = base.about["detector"]["width"] if base else config["width"]
        net, example = build_detector(width), torch.zeros(1, 1, config["crop_px"], config["crop_px"])
    return largest_batch(*step_bytes(net, example), there)
