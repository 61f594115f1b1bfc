"""Trainings: who may start them and on what, what they leave behind, and that they stop and go on."""

import pytest

from mlcore.models import ModelVersion, Run
from mlcore.services.execute import execute_run
from mlcore.services.train_start import start_training
from tests.training_sets import make_dataset

TINY = {"steps": 12, "batch_size": 2, "lr": 1e-3, "crop_px": 64}


@pytest.fixture
def dataset(project, tmp_path):
    return make_dataset(project, tmp_path)


def start(dataset, **over):
    values = {"kind": Run.Kind.TRAIN_DETECTOR, "base": "scratch", "width": 0.25, "settings": TINY}
    return start_training(
        by=dataset.project.created_by, project=dataset.project, dataset=dataset, **{**values, **over}
    )


@pytest.mark.slow
def test_a_detector_is_trained_measured_and_registered(dataset):
    run = start(dataset, title="Small  discs")
    assert (run.status, run.steps_total, run.config["steps"]) == ("queued", 12, 12)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.status == "succeeded", run.traceback
    model = ModelVersion.objects.get(run=run)
    assert (model.title, model.dataset, model.number) == ("Small discs", dataset, 1)
    assert "On the validation frames" in model.card
    assert run.message.startswith("Model 1 (Small discs) was made")
    assert (run.steps_done, run.offer) == (12, {})
    assert run.step_s > 0
    assert run.resources["memory_bytes"] > 0
    points = {(one.series, one.step) for one in run.points.all()}
    assert {("train", k) for k in range(1, 13)} <= points
    assert {("val", 1), ("val", 12), ("final", 12)} <= points
    assert {"loss", "foreground"} <= set(run.points.get(series="train", step=3).values)
    assert {one.name for one in run.samples.all()} == {"scene-3", "scene-4"}
    assert any("goes on" in one.text or "begins" in one.text for one in run.lines.all())
