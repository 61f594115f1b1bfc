"""A GAN's run: trained, stopped, gone on with, registered, and images made with it."""

import json
from zipfile import ZipFile

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mlcore.evaluation import gan_figures
from mlcore.models import ModelVersion, Run
from mlcore.services import beat
from mlcore.services.dataset_freeze import run_freeze
from mlcore.services.datasets import freeze_dataset
from mlcore.services.execute import execute_run
from mlcore.services.model_versions import packed
from mlcore.services.promotion import compare
from mlcore.services.run_folder import run_folder, synthetic_folder
from mlcore.services.runs import resume_run, retry_run, start_inference
from mlcore.services.stored import local_folder
from mlcore.services.synthesise_start import start_synthesis
from mlcore.services.train_start import start_training
from mlcore.services.work import train_gan
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier
from mlcore.training import checkpoint, gan_watching
from mlcore.training.gan_config import GanConfig
from tests.integration.mlcore.test_training import asking_for, at_step
from tests.training_sets import make_dataset

TINY = {"steps": 10, "batch_size": 2, "patch_px": 32}


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Few scenes and patches; pages told at once."""
    monkeypatch.setattr(
        train_gan, "GanConfig", lambda **values: GanConfig(**values, scenes=2, scene_px=96, tier="T1")
    )
    monkeypatch.setattr(gan_figures, "PATCHES", 4)
    monkeypatch.setattr(gan_figures, "FRAMES", 1)
    monkeypatch.setattr(gan_watching, "PATCHES", 4)
    monkeypatch.setattr(beat, "HEARTBEAT_S", 0)


@pytest.fixture
def dataset(project, tmp_path):
    return make_dataset(project, tmp_path, side_px=96)


def start(dataset, **over):
    values = {"kind": Run.Kind.TRAIN_GAN, "settings": TINY}
    return start_training(
        by=dataset.project.created_by, project=dataset.project, dataset=dataset, **{**values, **over}
    )


def executed(run):
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    return run


def test_it_works(dataset, member_client):
    run = executed(start(dataset, title="film"))
    assert run.status == "succeeded", run.traceback
    model = ModelVersion.objects.get(run=run)
    assert (model.kind, model.classes, run.steps_done) == ("refiner", [], 10)
    assert "KID-etem" in model.card
    assert {"kid", "kid_sim", "kid_real", "kid_noise"} <= set(run.points.get(series="final").values)
    assert {one.name for one in run.samples.all()} == {"simulated", "made of it", "real"}
    assert not run_folder(run).joinpath("checkpoint.pt").exists()
    page = member_client.get(run.get_absolute_url()).content.decode()
    assert "What it makes" in page
    assert "to be evaluated and promoted" not in page
    curves = member_client.get(reverse("run-curves", args=[run.pk])).json()
    assert len(curves["figures"]["loss"]["data"]) == 3
    page = member_client.get(model.get_absolute_url()).content.decode()
    assert "it finds no particles" in page
    assert "Compare and promote" not in page
    with packed(model) as file, ZipFile(file) as archive:
        assert set(archive.namelist()) == {"model.json", "generator.safetensors", "README.md"}
    _no_detector(model)
    _makes_images(model)


def _no_detector(model):
    """It is offered nowhere as what it is not."""
    project, by = model.project, model.created_by
    with pytest.raises(ValidationError, match="finds no particles"):
        start_training(
            by=by, project=project, kind="train_detector", dataset=model.dataset, base="model",
            model_version=model,
        )  # fmt: skip
    assert "can be no champion" in compare(model).refusal
    assert not project.model_versions.finders().exists()
    with pytest.raises(ValidationError, match=r"no image to search|finds no particles"):
        start_inference(by=by, project=project, model_version=model)


def _makes_images(model):
    config = {"tier": "T1", "count": 4, "size_px": 96}
    by, project = model.created_by, model.project
    run = executed(start_synthesis(by=by, project=project, config=config, seed=3, gan=model))
    assert run.status == "succeeded", run.traceback
    assert f"refined by {model}" in run.message
    folder = local_folder(synthetic_folder(run.pk))
    told = json.loads((folder / "frames/00001.json").read_text())
    assert told["image"]["gan"]["sha256"] == model.sha256
    truth = simulate(3, 1, tier("T1"), (96, 96)).particles
    assert [one["ecd_nm"] for one in told["annotations"]] == pytest.approx([one.ecd_nm for one in truth])
    row = freeze_dataset(by=by, project=project, name="made", runs=[run], with_reviewed=False)
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert (row.status, row.n_frames) == ("ready", 4)


def test_paused_cancelled_and_gone_on_with(dataset, monkeypatch):
    run = start(dataset)
    at_step(monkeypatch, 3, asking_for("pause_requested"))
    at_step(monkeypatch, 5, asking_for("cancel_requested"))
    assert executed(run).status == "paused"
    assert checkpoint.load(run_folder(run) / "checkpoint.pt")["step"] == 3
    assert executed(resume_run(run=run)).status == "cancelled"
    assert checkpoint.load(run_folder(run) / "checkpoint.pt")["step"] == 5
    assert retry_run(run=run, by=run.created_by).status == "queued"


def test_memory_that_is_short_halves_the_batch_then_the_patch():
    run = Run(kind="train_gan", config={"batch_size": 16, "patch_px": 64, "mode": "refiner"})
    assert train_gan.with_less_memory(run)[1] == {"batch_size": 8}
    run.config["batch_size"] = 2
    assert train_gan.with_less_memory(run)[1] == {"patch_px": 32}
    run.config["patch_px"] = 32
    assert train_gan.with_less_memory(run) == ("", {})


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"settings": {"patch_px": 50}}, "Patch must be a multiple of 16, got 50"),
        ({"settings": {"patch_px": 256}}, "Patch must be from 32 to 128"),
        ({"settings": {"batch_size": 1}}, "Batch size must be from 2 to 256"),
        ({"settings": {"lr": 0.1}}, "no setting “lr”"),
        ({"width": 0.3}, "Width must be one of 0.125"),
        ({"mode": "both"}, "Mode must be one of refiner, parametric"),
        ({"mode": "parametric", "settings": {"patch_px": 32}}, "Patch must be 64"),
    ],
)
def test_what_cannot_be_is_refused(dataset, over, words):
    with pytest.raises(ValidationError, match=words):
        start(dataset, **over)
    assert not Run.objects.exists()


def test_a_form_starts_it(dataset, member_client):
    address = reverse("run-train", args=[dataset.project.pk]) + "?kind=train_gan"
    assert "Refine simulated frames" in member_client.get(address).content.decode()
    answer = member_client.post(
        address, {"dataset": dataset.pk, "mode": "refiner", "width": "0.25", "steps": 20}
    )
    run = Run.objects.get()
    assert answer.url == run.get_absolute_url()
    assert (run.kind, run.config["width"], run.steps_total) == ("train_gan", 0.25, 20)


def test_images_are_refined_by_refiners_of_the_project_alone(dataset, member_client):
    project, by = dataset.project, dataset.project.created_by
    other = ModelVersion.objects.create(
        project=project, number=1, folder="", sha256="0" * 64, kind="parametric", created_by=by
    )
    with pytest.raises(ValidationError, match="outlines are not known exactly"):
        start_synthesis(by=by, project=project, gan=other)
    asked = {"tier": "T1", "count": 1, "size_px": 64, "seed": 0, "gan": other.pk}
    answer = member_client.post(reverse("synthesis-start", args=[project.pk]), asked)
    assert answer.status_code == 400
    answer = member_client.post(
        reverse("api-synthesis"), {"project": project.pk, "gan": other.pk}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert "outlines are not known exactly" in str(answer.json())
    assert not Run.objects.exists()
