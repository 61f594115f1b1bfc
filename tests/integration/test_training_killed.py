"""A real worker is killed in the middle of a training: it goes on from the checkpoint to the same weights."""

import pytest
import torch
from django.db import connection

from mlcore.models import Run
from mlcore.services.datasets import example_files
from mlcore.services.run_folder import run_folder
from mlcore.services.train_start import start_training
from mlcore.services.work.train_detector import config_of
from mlcore.training import checkpoint
from mlcore.training.course import FILE
from mlcore.training.detector import train_detector
from tests.integration import test_worker_killed
from tests.integration.test_worker_killed import start_worker, wait_for  # noqa: F401 (a fixture)
from tests.training_sets import make_dataset

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SETTINGS = {"steps": 30, "batch_size": 2, "lr": 1e-3, "crop_px": 64}


def test_a_training_comes_back_to_the_same_weights(
    project,
    mia,
    tmp_path,
    start_worker,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setenv("ETEM_CHECKPOINT_S", "1")
    monkeypatch.setattr(test_worker_killed, "LIMIT_S", 540)  # torch is loaded by five processes
    dataset = make_dataset(project, tmp_path)
    run = start_training(
        by=mia, project=project, kind=Run.Kind.TRAIN_DETECTOR, dataset=dataset, base="scratch", width=0.25,
        settings=SETTINGS, seed=3,
    )  # fmt: skip
    kept = run_folder(run) / FILE

    def now():
        return Run.objects.get(pk=run.pk)

    worker = start_worker()
    wait_for(lambda: (kept.exists() and now().steps_done > 5) or now().is_finished)
    assert not now().is_finished, "it was over before it could be killed: give it more to do"
    worker.kill("worker")
    connection.close()
    start_worker()
    unbroken = tmp_path / "unbroken"
    unbroken.mkdir()
    files = example_files(dataset, "train")
    whole = train_detector(config_of(run, None), [(1.0, files)], unbroken, workers=0)
    wait_for(lambda: now().steps_done == SETTINGS["steps"] or now().is_finished)
    state = checkpoint.load(kept)
    assert state is not None, now().message
    assert (state["step"], now().attempts) == (SETTINGS["steps"], 2)
    assert any("goes on after step" in one.text and "attempt 2" in one.text for one in run.lines.all())
    assert run.points.filter(series="train").count() == SETTINGS["steps"]
    for name, value in state["average"].items():
        torch.testing.assert_close(value, whole[name], rtol=1e-3, atol=1e-4, msg=name)
