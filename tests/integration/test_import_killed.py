"""Workers are killed for real, at any moment of an import: in the end the file is there once, whole."""

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

from annotations.models import Acquisition, Frame
from annotations.services.import_acquisition import import_acquisition
from annotations.services.pixels import frame_pixels
from annotations.services.run_import import requeue_lost_imports, run_import
from tests.processes import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORKER = "import django, sys; django.setup(); from annotations.services.run_import import run_import; "
WORKER += "run_import(acquisition_pk=int(sys.argv[1]))"
N_FRAMES = 6


@pytest.fixture
def stack():
    return np.random.default_rng(4).integers(0, 65536, (N_FRAMES, 700, 800), dtype=np.uint16)


@pytest.fixture
def acquisition(project, mia, tmp_path, stack):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, stack, imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
    return import_acquisition(by=mia, project=project, path=path, name="movie.tif").acquisition


def start_worker(acquisition):
    command = [sys.executable, "-c", WORKER, str(acquisition.pk)]
    return subprocess.Popen(command, env=environment(), start_new_session=True)


def kill(process):
    """The worker alone, as by the kernel: what it started must notice by itself."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(condition, process=None, limit_s=60):
    limit = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < limit, "waited too long"
        if process and process.poll() is not None:
            return
        time.sleep(0.005)


def files():
    return sorted(
        str(p.relative_to(settings.STORAGE_DIR)) for p in settings.STORAGE_DIR.rglob("*") if p.is_file()
    )


def decoded():
    return len(list((settings.STORAGE_DIR / "importing").glob("*/*/tiles.u16")))


def check_whole(acquisition, stack):
    acquisition.refresh_from_db()
    assert acquisition.status == Acquisition.Status.READY
    frames = list(acquisition.frames.all())
    assert [frame.index for frame in frames] == list(range(N_FRAMES))
    for frame, image in zip(frames, stack, strict=True):
        np.testing.assert_array_equal(frame_pixels(frame), image)
    tiles = [f"frames/{frame.pk}/tiles.u16" for frame in frames]
    assert files() == sorted([*tiles, acquisition.original])
    assert acquisition.calibrations.count() == 1


MOMENTS = {
    "as it starts": lambda: Acquisition.objects.get().status == Acquisition.Status.IMPORTING,
    "after some frames": lambda: decoded() >= 2,
    "with all frames but the last": lambda: decoded() >= N_FRAMES - 1,
    "with rows of frames": lambda: Frame.objects.exists(),
    "as folders move": lambda: any((settings.STORAGE_DIR / "frames").glob("*")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_killed_at_any_moment_leaves_no_trace(acquisition, stack, moment):
    process = start_worker(acquisition)
    wait_for(MOMENTS[moment], process)
    kill(process)
    wait_for(lambda: not _lease_is_held(acquisition))
    assert requeue_lost_imports() == (Acquisition.objects.get().status != Acquisition.Status.READY)
    run_import(acquisition_pk=acquisition.pk)
    check_whole(acquisition, stack)


def _lease_is_held(acquisition):
    from annotations.services.run_import import _lease

    with _lease(acquisition.pk) as is_free:
        return not is_free


def test_killed_again_and_again_it_is_whole_in_the_end(acquisition, stack):
    random = np.random.default_rng(9)
    for _ in range(5):
        Acquisition.objects.filter(pk=acquisition.pk).update(attempts=0)
        process = start_worker(acquisition)
        wait_for(lambda: Acquisition.objects.get().attempts == 1, process)
        time.sleep(float(random.uniform(0, 1.5)))
        kill(process)
    wait_for(lambda: not _lease_is_held(acquisition))
    Acquisition.objects.filter(pk=acquisition.pk).update(attempts=0)
    run_import(acquisition_pk=acquisition.pk)
    check_whole(acquisition, stack)


def test_the_decoder_of_a_killed_worker_ends_too(acquisition):
    process = start_worker(acquisition)
    wait_for(lambda: decoded() >= 1, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    kill(process)
    assert children
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in children), limit_s=20)


def test_a_living_worker_is_left_alone(acquisition, stack):
    process = start_worker(acquisition)
    wait_for(lambda: decoded() >= 1, process)
    run_import(acquisition_pk=acquisition.pk)  # the same message, delivered twice
    assert requeue_lost_imports() == 0
    assert process.wait(timeout=60) == 0
    check_whole(acquisition, stack)
    assert acquisition.attempts == 1
