"""Datasets through pages and API: what members see and may do, and what a refusal says."""

import json

import pytest
from django.conf import settings
from django.urls import reverse

from annotations.models import Role
from annotations.services.projects import delete_project
from mlcore.models import Dataset, Run
from mlcore.services.dataset_freeze import run_freeze
from mlcore.services.run_folder import synthetic_folder
from tests.factories import make_membership, make_user
from tests.integration.mlcore.dataset_rows import disc_frame, make_synthesis, review, reviewed_frames


@pytest.fixture
def ready(project, owner, mia, client):
    """A dataset that Mia asked for through the API."""
    reviewed_frames(project, owner, 3)
    review(disc_frame(project, seed=0, name="again.tif", noise=0.12)[0], owner)
    client.force_login(mia)
    answer = client.post(
        reverse("api-datasets"), {"project": project.pk, "name": "discs", "seed": 1},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 201
    assert answer.json()["status"] == "freezing"
    run_freeze(dataset_pk=answer.json()["id"])
    return Dataset.objects.get()


def test_it_works(ready, client):
    page = client.get(ready.get_absolute_url()).content.decode()
    assert ready.sha256 in page
    assert "again.tif" in page
    listed = client.get(reverse("project-datasets", args=[ready.project_id])).content.decode()
    assert ready.sha256[:12] in listed
    told = client.get(reverse("api-dataset", args=[ready.pk])).json()
    assert told["composition"]["splits"]["test"]["frames"] >= 1
    assert "sources" not in told
    frames = client.get(reverse("api-dataset-frames", args=[ready.pk])).json()["results"]
    assert {one["split"] for one in frames} == {"train", "val", "test"}
    picture = client.get(reverse("dataset-picture", args=[ready.pk, frames[0]["id"]]))
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")
    coco = client.get(reverse("api-dataset-coco", args=[ready.pk]))
    assert "discs v1.json" in coco["Content-Disposition"]
    content = json.loads(b"".join(coco.streaming_content))
    assert (len(content["images"]), len(content["annotations"])) == (4, 12)
    assert content["info"]["sha256"] == ready.sha256


def test_pages_with_filters(ready, client):
    page = client.get(ready.get_absolute_url(), {"split": "train"}).content.decode()
    assert page.count('loading="lazy"') >= ready.frames.filter(split="train").count()
    assert client.get(ready.get_absolute_url(), {"split": "moon", "page": "x"}).status_code == 200


def test_a_refusal_is_told_at_the_form(project, mia, client):
    client.force_login(mia)
    answer = client.post(
        reverse("dataset-freeze", args=[project.pk]),
        {"name": "discs", "seed": 0, "with_reviewed": "on", "specimen_by": "file"},
    )
    assert answer.status_code == 400
    assert "No image of this project is reviewed yet" in answer.content.decode()
    answer = client.post(
        reverse("synthesis-start", args=[project.pk]),
        {"tier": "T1", "count": 3, "size_px": 128, "seed": 0, "ecd_nm": "30–20"},
    )
    assert answer.status_code == 400
    assert "diameter in nm must lie from 1 to 100" in answer.content.decode()
    assert not Run.objects.exists()


def test_a_form_starts_what_was_asked_for(project, owner, mia, client):
    reviewed_frames(project, owner, 3)
    client.force_login(mia)
    client.post(
        reverse("synthesis-start", args=[project.pk]),
        {"tier": "T1", "count": 3, "size_px": 128, "seed": 5, "ecd_nm": "2 – 20", "particles": "4"},
    )
    run = Run.objects.get()
    config = {"tier": "T1", "count": 3, "size_px": 128, "ecd_nm": [2, 20], "particles": [4, 4]}
    assert (run.config, run.seed) == (config, 5)
    answer = client.post(
        reverse("dataset-freeze", args=[project.pk]),
        {"name": "discs", "seed": 0, "with_reviewed": "on", "specimen_by": "name"},
    )
    assert answer.status_code == 400  # disc_0, disc_1 and disc_2 are of one specimen then
    assert "3 images of 1 specimen" in answer.content.decode()


def test_unknown_runs_are_refused(project, mia, client):
    client.force_login(mia)
    answer = client.post(
        reverse("api-datasets"), {"project": project.pk, "name": "x", "runs": [99]},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 400
    assert "do not exist" in str(answer.json())


def test_a_failed_one_can_be_removed_a_ready_one_not(ready, client, project, mia):
    failed = Dataset.objects.create(project=project, name="bad", status="failed", message="Why not.")
    assert "Why not." in client.get(failed.get_absolute_url()).content.decode()
    assert client.delete(reverse("api-dataset", args=[ready.pk])).status_code == 400
    client.post(reverse("dataset-discard", args=[failed.pk]))
    assert list(Dataset.objects.all()) == [ready]


def test_the_page_of_a_synthesis_shows_samples(project, mia, client, tmp_path):
    run = make_synthesis(project, tmp_path)
    client.force_login(mia)
    page = client.get(run.get_absolute_url()).content.decode()
    assert reverse("run-picture", args=[run.pk, 0]) in page
    assert "T1: easy" in page


@pytest.mark.django_db(transaction=True)
def test_files_go_with_their_project(ready, project, owner, tmp_path):
    run = make_synthesis(project, tmp_path)
    folders = [settings.STORAGE_DIR / name for name in (ready.folder, synthetic_folder(run.pk))]
    assert all(folder.is_dir() for folder in folders)
    delete_project(project=project, typed_name=project.name)
    assert not any(folder.exists() for folder in folders)


def test_a_viewer_looks_and_starts_nothing(ready, project, client):
    vera = make_user("vera")
    make_membership(project, vera, Role.VIEWER)
    client.force_login(vera)
    page = client.get(reverse("project-datasets", args=[project.pk])).content.decode()
    assert 'id="freeze"' not in page
    assert client.post(reverse("dataset-freeze", args=[project.pk]), {"name": "x"}).status_code == 403
