"""Evaluations: figures on locked test frames, once each, and never on what the model learnt from."""

import json

import pytest
from django.core.exceptions import ValidationError

from mlcore.models import Evaluation, Run
from mlcore.services.evaluate_start import start_evaluation
from mlcore.services.execute import execute_run
from mlcore.services.run_folder import run_folder
from mlcore.services.work import evaluate as work
from tests.factories import make_project
from tests.integration.model_rows import make_dataset, make_model


@pytest.fixture
def dataset(project, tmp_path):
    return make_dataset(project, tmp_path)


def done(run):
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    return run


def test_it_works(project, owner, dataset):
    run = done(start_evaluation(by=owner, project=project, dataset=dataset))
    assert (run.status, run.steps_done, run.steps_total) == ("succeeded", 3, 3)
    assert "F1 1.000" in run.message
    evaluation = Evaluation.objects.get()
    assert evaluation.run == run
    assert evaluation.shipped_version
    assert evaluation.model_version is None
    assert [(one["matched"], one["true"], one["found"]) for one in evaluation.frames] == [(3, 3, 3)] * 3
    assert evaluation.figures["f1"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 9}
    assert evaluation.figures["diameter_mae_nm"]["value"] < 1


def test_what_stands_is_not_measured_again(project, owner, dataset):
    done(start_evaluation(by=owner, project=project, dataset=dataset))
    with pytest.raises(ValidationError, match="neither can change, so the figures stand"):
        start_evaluation(by=owner, project=project, dataset=dataset)
    with pytest.raises(ValidationError, match="has been evaluated on every dataset"):
        start_evaluation(by=owner, project=project)


def test_frames_that_the_model_learnt_from_are_left_out(project, owner, dataset, tmp_path):
    """A later dataset may have split anew: two of its test frames were learnt from before."""
    model = make_model(project, tmp_path)
    model.dataset = make_dataset(project, tmp_path, name="Before", splits=("train", "val", "test"))
    model.save()
    run = done(start_evaluation(by=owner, project=project, dataset=dataset, model_version=model))
    assert "2 more were left out" in run.message
    frames = Evaluation.objects.get().frames
    assert [one.get("is_learnt", False) for one in frames] == [True, True, False]
    everything = make_dataset(project, tmp_path, name="All known", splits=("test",) * 2)
    run = done(start_evaluation(by=owner, project=project, dataset=everything, model_version=model))
    assert run.status == "failed"
    assert "learnt from every frame of the test part" in run.message


def test_a_run_goes_on_behind_the_last_frame(project, owner, dataset, monkeypatch):
    run = start_evaluation(by=owner, project=project, dataset=dataset)
    kept = run_folder(run) / str(dataset.pk)
    kept.mkdir()
    row = dataset.frames.get(name="f1")
    nothing = {"name": "f1", "boxes": [], "confidence": []}
    for key in ("sizes", "bounds"):
        nothing[key] = {name: [] for name in ("ecd_nm", "aspect_ratio", "roundness")}
    (kept / f"{row.pk}.json").write_text(json.dumps(nothing))
    done(run)
    assert [one["found"] for one in Evaluation.objects.get().frames] == [3, 0, 3]


def test_a_benchmark_is_all_datasets_in_one_run(project, owner, dataset, tmp_path):
    make_dataset(project, tmp_path, name="Other", seed=10)
    make_dataset(project, tmp_path, name="Without test", splits=("train", "val"), seed=20)
    run = done(start_evaluation(by=owner, project=project))
    assert run.kind == Run.Kind.BENCHMARK
    assert sorted(one.dataset.name for one in Evaluation.objects.all()) == ["Gold", "Other"]


def test_one_sentence_where_it_cannot_be(project, owner, dataset, tmp_path):
    other = make_project(name="Other")
    theirs = make_dataset(other, tmp_path, seed=30)
    without = make_dataset(project, tmp_path, name="No test", splits=("train",), seed=40)
    for over, sentence in [
        ({"dataset": theirs}, "another project"),
        ({"dataset": without}, "has no test part"),
        ({"dataset": dataset, "model_version": make_model(other, tmp_path)}, "another project"),
    ]:
        with pytest.raises(ValidationError, match=sentence):
            start_evaluation(by=owner, project=project, **over)
    assert not Run.objects.filter(kind="evaluate").exists()


def test_a_double_click_starts_one(project, owner, dataset):
    start_evaluation(by=owner, project=project, dataset=dataset)
    with pytest.raises(ValidationError):
        start_evaluation(by=owner, project=project, dataset=dataset)
    assert Run.objects.count() == 1


def test_weights_that_were_changed_are_not_used(project, owner, dataset, tmp_path, settings):
    model = make_model(project, tmp_path)
    weights = settings.STORAGE_DIR / model.folder / "detector.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    run = done(start_evaluation(by=owner, project=project, dataset=dataset, model_version=model))
    assert run.status == "failed"
    assert "are not those that model.json describes" in run.message
    assert not Evaluation.objects.exists()


def test_it_can_be_stopped(project, owner, dataset, monkeypatch):
    run = start_evaluation(by=owner, project=project, dataset=dataset)
    real = work._found
    monkeypatch.setattr(
        work, "_found", lambda *given: Run.objects.update(cancel_requested=True) and real(*given)
    )
    assert done(run).status == "cancelled"
    assert not Evaluation.objects.exists()
