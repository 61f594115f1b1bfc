"""What `./etem worker` tells Celery, by its queues."""

import os

import pytest

from etemweb import gpus
from etemweb.embedded.worker import arguments


@pytest.fixture(autouse=True)
def no_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield
    gpus.share([])


def test_without_arguments_it_takes_all_but_the_gpu_queue():
    assert arguments([], pid=7) == ["-Q", "now,io,cpu", "-n", "now-io-cpu-7@%h"]


def test_who_takes_runs_serves_those_who_wait_first():
    assert arguments(["--queues", "cpu"], pid=7)[:2] == ["-Q", "now,cpu"]
    assert arguments(["--queues", "io"], pid=7)[:2] == ["-Q", "io"]


def test_a_gpu_worker_has_one_process_a_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    told = arguments(["--queues", "gpu", "-l", "INFO"], pid=7)
    assert told == ["-Q", "now,gpu", "-n", "now-gpu-7@%h", "--concurrency", "2", "-l", "INFO"]
    assert gpus.shared == ["2", "5"]
    gpus.take_one()
    assert os.environ["CUDA_VISIBLE_DEVICES"] in gpus.shared


def test_without_a_gpu_it_has_one_process():
    assert arguments(["--queues", "gpu"], pid=7)[-2:] == ["--concurrency", "1"]


def test_what_is_said_goes_before():
    told = arguments(["--queues", "gpu", "--concurrency", "3", "--hostname", "big@%h"])
    assert told == ["-Q", "now,gpu", "-n", "big@%h", "--concurrency", "3"]
    assert gpus.shared == []
