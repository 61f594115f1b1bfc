"""A real Celery worker is killed in the middle of its task: the task comes back by itself and ends, once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from django.conf import settings

from annotations.models import Acquisition, Event, Layer, Particle, ParticleImport
from annotations.services import run_particle_import as large
from annotations.services.import_acquisition import import_acquisition
from etemweb.celery import app
from mlcore.models import Prediction, Run
from mlcore.services.runs import start_inference
from tests.factories import make_acquisition
from tests.integration.test_coco_import_large import coco_file, frames  # noqa: F401 (a fixture)
from tests.processes import environment
from tests.stored import make_stored_frame

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LIMIT_S = 180
N_FRAMES = 6
VICTIMS = ["worker", "child"]


class Worker:
    def __init__(self, folder):
        command = [
            sys.executable,
            "-m",
            "celery",
            "--quiet",
            "-A",
            "etemweb",
            "worker",
            "-Q",
            "now,io,cpu",
            "-c",
            "1",
        ]
        command += [
            "-l",
            "WARNING",
            "--without-gossip",
            "--without-mingle",
            "--beat",
            "--schedule",
            folder / "beat",
        ]
        self.process = subprocess.Popen(command, env=environment(), start_new_session=True)

    def kill(self, victim):
        """SIGKILL to the whole worker, or to its child that does the work, as a kernel out of memory does."""
        if victim == "worker":
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def start_worker(tmp_path):
    app.control.purge()
    started = []

    def start():
        started.append(Worker(tmp_path))
        return started[-1]

    yield start
    for worker in started:
        worker.stop()


def discs_on_noise(side=1024, pitch=64, radius=12):
    y, x = np.mgrid[:side, :side] % pitch - pitch / 2
    noise = np.random.default_rng(3).normal(1000, 30, (side, side))
    return (noise - 400 * (np.hypot(x, y) < radius)).astype(np.uint16)


def wait_for(condition):
    limit = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < limit, f"not within {LIMIT_S} s"
        time.sleep(0.01)


def kill_and_go_on(start_worker, victim, is_amid, is_over):
    worker = start_worker()
    wait_for(lambda: is_amid() or is_over())
    assert not is_over(), "it was over before it could be killed: give it more to do"
    worker.kill(victim)
    if victim == "worker":
        start_worker()
    wait_for(is_over)


@pytest.mark.parametrize("victim", VICTIMS)
def test_an_import_comes_back(project, mia, tmp_path, start_worker, victim):
    stack = np.random.default_rng(4).integers(0, 65536, (N_FRAMES, 900, 1000), dtype=np.uint16)
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, stack, imagej=True)
    row = import_acquisition(by=mia, project=project, path=path, name="movie.tif").acquisition

    def status():
        return Acquisition.objects.get(pk=row.pk).status

    kill_and_go_on(
        start_worker, victim,
        is_amid=lambda: any((settings.STORAGE_DIR / "importing").glob("*/*/tiles.u16")),
        is_over=lambda: status() not in {Acquisition.Status.QUEUED, Acquisition.Status.IMPORTING},
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.attempts) == (Acquisition.Status.READY, 2), row.message
    assert [frame.index for frame in row.frames.all()] == list(range(N_FRAMES))
    assert len(list((settings.STORAGE_DIR / "frames").glob("*/tiles.u16"))) == N_FRAMES


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_run_comes_back(project, mia, start_worker, victim):
    image = discs_on_noise()
    for k in range(N_FRAMES):
        make_stored_frame(make_acquisition(project, name=f"{k}.tif"), image)
    run = start_inference(by=mia, project=project)

    def now():
        return Run.objects.get(pk=run.pk)

    kill_and_go_on(
        start_worker, victim, is_amid=lambda: now().frames_done >= 1, is_over=lambda: now().is_finished
    )
    run = now()
    assert (run.status, run.attempts, run.frames_done) == (Run.Status.SUCCEEDED, 2, N_FRAMES), run.message
    assert Prediction.objects.filter(run=run).count() == N_FRAMES
    assert Layer.objects.filter(kind=Layer.Kind.SUGGESTION).count() == N_FRAMES
    found = Particle.objects.filter(layer__prediction__run=run).count()
    assert found == run.particles_found > 0
    assert found % N_FRAMES == 0  # the same image each time


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_large_coco_file_comes_back(project, mia, frames, start_worker, victim):  # noqa: F811
    n = 8_000
    row = large.start_particle_import(project=project, by=mia, raw=coco_file(n), name="large.json")

    def now():
        return ParticleImport.objects.defer("content").get(pk=row.pk)

    kill_and_go_on(
        start_worker, victim, is_amid=lambda: large.progress(now()) > 0, is_over=lambda: now().is_finished
    )
    assert (now().status, now().attempts, now().report["new"]) == ("done", 2, n), now().message
    assert (Particle.objects.count(), Event.objects.count()) == (n, n)
