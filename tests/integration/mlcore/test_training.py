"""What a training leaves behind, and that it stops, goes on, and ends in words whatever comes over it."""

import pytest
import torch

from mlcore.inference.weights import DETECTOR, FEATURENET, SHIPPED, read_model, tensors
from mlcore.models import ModelVersion, Run
from mlcore.services import beat
from mlcore.services.execute import execute_run
from mlcore.services.run_folder import run_folder
from mlcore.services.runs import retry_run
from mlcore.services.stored import local_folder
from mlcore.services.train_start import start_training
from mlcore.services.work import train, train_detector
from mlcore.training import assemble, checkpoint
from tests.training_sets import make_dataset

TINY = {"steps": 12, "batch_size": 2, "lr": 1e-3, "crop_px": 64}


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Fewer frames that are measured besides; no crops cut in another process; pages told at once."""
    for name, value in {"SIMULATED": 1, "STRANGERS": 8}.items():
        monkeypatch.setattr(assemble, name, value)
    monkeypatch.setattr(train, "cutters", lambda: 0)
    monkeypatch.setattr(beat, "HEARTBEAT_S", 0)


@pytest.fixture
def dataset(project, tmp_path):
    return make_dataset(project, tmp_path)


def start(dataset, **over):
    values = {"kind": Run.Kind.TRAIN_DETECTOR, "base": "scratch", "width": 0.25, "settings": TINY}
    return start_training(
        by=dataset.project.created_by, project=dataset.project, dataset=dataset, **{**values, **over}
    )


def at_step(monkeypatch, step, action):
    told = train.Follower.__call__

    def follow(self, now, loss, terms):
        if now == step:
            action(self.run)
        return told(self, now, loss, terms)

    monkeypatch.setattr(train.Follower, "__call__", follow)


def asking_for(name):
    return lambda run: Run.objects.filter(pk=run.pk).update(**{name: True})


def executed(run):
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    return run


@pytest.mark.slow
def test_a_detector_is_paused_goes_on_and_is_registered(dataset, monkeypatch):
    run = start(dataset, title="Small  discs")
    assert (run.status, run.steps_total, run.config["steps"]) == ("queued", 12, 12)
    with monkeypatch.context() as patched:
        at_step(patched, 5, asking_for("pause_requested"))
        assert executed(run).status == "paused"
    assert checkpoint.load(run_folder(run) / "checkpoint.pt")["step"] == 5
    Run.objects.filter(pk=run.pk).update(status="queued")
    assert executed(run).status == "succeeded", run.traceback
    assert any("goes on after step 5" in one.text for one in run.lines.all())
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
    again = executed_again(run)
    assert again.message == "Model 1 (Small discs) was made."  # its worker was lost just before the end
    assert ModelVersion.objects.filter(run=run).count() == 1


def executed_again(run):
    Run.objects.filter(pk=run.pk).update(status="queued")
    return executed(run)


@pytest.mark.slow
def test_a_fine_tuned_detector_keeps_what_was_learnt_of_sizes(dataset):
    run = executed(start(dataset, base="shipped", width=0.5))
    assert run.status == "succeeded", run.traceback
    model, shipped = read_model(local_folder(run.made.get().folder)), read_model(SHIPPED)
    assert model.about["judge"] == shipped.about["judge"]
    assert model.about["files"][FEATURENET] == shipped.about["files"][FEATURENET]
    assert model.about["files"][DETECTOR] != shipped.about["files"][DETECTOR]


@pytest.mark.slow
def test_a_featurenet_is_trained_beside_its_detector(project, tmp_path):
    parts = ("val", "train", "val", "train", "train", "train", "test")  # the two with most particles
    # Scenes 0 and 4 have most particles: intervals are calibrated on one, tried on the other.
    parts = ("val", "train", "train", "train", "val", "train", "train", "test")
    dataset = make_dataset(project, tmp_path, parts=parts, side_px=448, tier_name="T1")
    settings = {"steps": 10, "batch_size": 8, "lr": 1e-3}
    run = executed(start(dataset, kind=Run.Kind.TRAIN_FEATURENET, base="shipped", settings=settings))
    assert run.status == "succeeded", run.traceback
    model, shipped = read_model(local_folder(run.made.get().folder)), read_model(SHIPPED)
    assert model.about["files"][DETECTOR] == shipped.about["files"][DETECTOR]
    assert model.about["intervals"] != shipped.about["intervals"]
    assert {"loss", "size_error", "outline_error"} <= set(run.points.get(series="val", step=10).values)
    assert run.samples.filter(name="particles", step=10).exists()


def test_a_cancelled_training_goes_on_where_it_stopped_when_tried_again(dataset, monkeypatch):
    run = start(dataset)
    at_step(monkeypatch, 3, asking_for("cancel_requested"))
    assert executed(run).status == "cancelled"
    assert run.message == "Cancelled after 3 of 12 steps; what was made stays."
    assert checkpoint.load(run_folder(run) / "checkpoint.pt")["step"] == 3
    retry_run(run=run, by=run.created_by)
    at_step(monkeypatch, 6, asking_for("cancel_requested"))
    assert executed(run).message.startswith("Cancelled after 6 of 12 steps")


def test_a_full_disk_is_one_sentence_and_the_last_checkpoint_stays(dataset, monkeypatch, settings):
    settings.CHECKPOINT_S = 0
    run = start(dataset)
    save = torch.save

    def full_at_four(state, file):
        if state.get("step") == 4:
            raise OSError(28, "No space left on device")
        save(state, file)

    monkeypatch.setattr(torch, "save", full_at_four)
    assert executed(run).status == "failed"
    assert run.message.startswith("The disk of the worker is full")
    assert checkpoint.load(run_folder(run) / "checkpoint.pt")["step"] == 3


def test_out_of_memory_names_the_batch_that_fits_and_a_click_tries_it(dataset, monkeypatch):
    run = start(dataset)

    def too_much(*args, **over):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(train_detector, "train_detector", too_much)
    assert executed(run).status == "failed"
    assert "A batch size of 1 will fit where 2 did not." in run.message
    assert run.offer == {"batch_size": 1}
    again = retry_run(run=run, by=run.created_by, config={**run.config, **run.offer})
    assert (again.parent, again.config["batch_size"], again.status) == (run, 1, "queued")


def test_the_least_batch_makes_smaller_crops(dataset):
    run = Run(kind="train_detector", config={"base": "shipped", "batch_size": 1, "crop_px": 256})
    assert train.with_less_memory(run)[1] == {"crop_px": 128}
    run.config |= {"crop_px": 64}
    assert train.with_less_memory(run) == ("", {})


def test_the_batch_that_is_named_is_the_one_that_memory_is_there_for(monkeypatch):
    run = Run(kind="train_detector", config={"base": "scratch", "width": 1, "batch_size": 64, "crop_px": 256})
    monkeypatch.setattr(train, "free_bytes", lambda device: 4 * 2**30)
    sentence, changed = train.with_less_memory(run)
    assert 8 <= changed["batch_size"] <= 24
    assert sentence == f"A batch size of {changed['batch_size']} will fit where 64 did not."
    monkeypatch.setattr(train, "free_bytes", lambda device: 2**30)
    run.config |= {"batch_size": 2, "crop_px": 768}
    assert train.with_less_memory(run)[1] == {"crop_px": 384, "batch_size": 1}
    monkeypatch.setattr(train, "free_bytes", lambda device: 2**20)
    assert train.with_less_memory(run) == ("", {})


def test_weights_that_a_training_begins_with_are_those_of_the_model():
    weights = train.weights_of(read_model(SHIPPED), DETECTOR)
    known = tensors(SHIPPED / DETECTOR)
    assert all((weights[name].numpy() == value).all() for name, value in known.items())
