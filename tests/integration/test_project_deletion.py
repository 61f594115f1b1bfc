"""The end of a project: by an owner who typed its name, with nothing left in rows or files."""

import uuid

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import reverse

from annotations.models import Acquisition, Event, Layer, Project, Role, Upload
from annotations.services.storage import frame_folder, original_path, original_place, work_folder
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_frame,
    make_label_class,
    make_layer,
    make_membership,
    make_particle,
    make_project,
    make_user,
)
from tests.integration.run_rows import make_prediction, make_run


def filled(project, by):
    """A project with a row of every kind that can be in one, and their files."""
    acquisition = make_acquisition(project, uploaded_by=by)
    acquisition.original = original_place(project.pk, acquisition.sha256)
    acquisition.save()
    frame = make_frame(acquisition)
    upload = Upload.objects.create(project=project, owner=by, name="half.tif", size_bytes=9)
    for path in (original_path(acquisition), frame_folder(frame.pk) / "tiles.u16", upload.path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"pixels")
    work_folder(acquisition.pk).mkdir(parents=True)
    calibration = make_calibration(acquisition, author=by)
    layer, suggestions = make_layer(frame), make_layer(frame, kind=Layer.Kind.SUGGESTION)
    make_prediction(make_run(project, created_by=by), frame, suggestions)
    outline = [[10, 20], [40, 20], [40, 60]]
    for of in (layer, suggestions):
        make_particle(
            of, label_class=make_label_class(project, name=str(of.pk), key=None), outline=outline, area_nm2=1,
            calibration=calibration,
        )  # fmt: skip
    ids = {name: uuid.uuid4() for name in ("edit", "group", "particle_id")}
    Event.objects.create(layer=layer, sequence=1, action="add", version=1, actor=by, **ids)
    make_acquisition(project, status=Acquisition.Status.FAILED)
    return project


def n_rows():
    """Rows of every model that belongs to projects."""
    of_people = {"User", "ApiToken", "Token"}
    models = [*apps.get_app_config("annotations").get_models(), *apps.get_app_config("mlcore").get_models()]
    return {model.__name__: model.objects.count() for model in models if model.__name__ not in of_people}


def n_files():
    return len([path for path in settings.STORAGE_DIR.rglob("*") if path.is_file()])


@pytest.fixture
def owner_client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def delete(owner_client, django_capture_on_commit_callbacks):
    def delete(project, typed):
        with django_capture_on_commit_callbacks(execute=True):
            return owner_client.post(reverse("project-delete", args=[project.pk]), {"name": typed})

    return delete


def test_nothing_is_left_behind_and_nothing_else_is_touched(owner, delete):
    kept = filled(make_project(owner, name="Kept"), owner)
    before, files = n_rows(), n_files()
    gone = filled(make_project(owner, name="Gone"), owner)
    assert all(n_rows()[name] > n for name, n in before.items() if n)
    answer = delete(gone, " Gone ")
    assert (answer.status_code, answer.url) == (302, "/")
    assert n_rows() == before
    assert n_files() == files
    left = [path.name for path in settings.STORAGE_DIR.rglob("*") if path.is_dir()]
    assert left.count(str(gone.pk)) <= left.count(str(kept.pk))
    assert not (settings.STORAGE_DIR / "originals" / str(gone.pk)).exists()


def test_another_name_deletes_nothing(project, owner, delete):
    filled(project, owner)
    before, files = n_rows(), n_files()
    answer = delete(project, "gold on carbon")
    assert answer.status_code == 400
    assert "Type the project’s name" in answer.text.replace("&#x27;", "’")
    assert (n_rows(), n_files()) == (before, files)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
def test_only_owners_delete(project, client, role):
    user = make_user("max")
    make_membership(project, user, role)
    client.force_login(user)
    url = reverse("project-delete", args=[project.pk])
    assert client.post(url, {"name": project.name}).status_code == 403
    body = {"name": project.name}
    answer = client.delete(f"/api/v1/projects/{project.pk}/", body, content_type="application/json")
    assert answer.status_code == 403
    assert "owners" in answer.json()["detail"]
    assert Project.objects.exists()


def test_the_api_asks_for_the_name_too(project, owner_client):
    url = f"/api/v1/projects/{project.pk}/"
    for body in ({}, {"name": ""}, {"name": "else"}):
        answer = owner_client.delete(url, body, content_type="application/json")
        assert answer.status_code == 400
        assert "name" in answer.json()["errors"]
    body = {"name": project.name}
    assert owner_client.delete(url, body, content_type="application/json").status_code == 204
    assert not Project.objects.exists()


def test_managers_rename_and_owners_alone_see_the_end(project, client, owner_client):
    url = reverse("project-settings", args=[project.pk])
    assert "Delete the project" in owner_client.get(url).text
    assert owner_client.post(url, {"name": "Renamed", "description": "Ni"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.description) == ("Renamed", "Ni")
    assert owner_client.post(url, {"name": " "}).status_code == 400
    mona = make_user("mona")
    make_membership(project, mona, Role.MANAGER)
    client.force_login(mona)
    answer = client.get(url)
    assert answer.status_code == 200
    assert "Delete the project" not in answer.text
