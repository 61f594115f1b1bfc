"""POST /api/v1/acquisitions/: one file, one request, for scripts."""

import hashlib

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from annotations.models import Acquisition
from annotations.services.api_tokens import create_token

URL = "/api/v1/acquisitions/"


def post(client, project, name="Au.tif", content=b"no image yet"):
    return client.post(URL, {"project": project.pk, "file": SimpleUploadedFile(name, content)})


def test_it_works(member_client, project, mia):
    answer = post(member_client, project)
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    acquisition = Acquisition.objects.get()
    assert (told["id"], told["name"], told["status"], told["is_new"]) == (
        acquisition.pk,
        "Au.tif",
        "queued",
        True,
    )
    assert acquisition.sha256 == hashlib.sha256(b"no image yet").hexdigest()
    assert (settings.STORAGE_DIR / acquisition.original).read_bytes() == b"no image yet"
    assert not list((settings.STORAGE_DIR / "uploads").iterdir())


def test_a_file_too_big_for_memory_arrives_too(member_client, project):
    content = bytes(1000) * 3000
    big = TemporaryUploadedFile("big.mrc", "application/octet-stream", len(content), None)
    big.write(content)
    big.seek(0)
    assert member_client.post(URL, {"project": project.pk, "file": big}).status_code == 201
    assert Acquisition.objects.get().size_bytes == len(content)


def test_the_same_bytes_again_are_200_and_said(member_client, project):
    first = post(member_client, project).json()
    again = post(member_client, project, name="copy.tif")
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["is_new"]) == (first["id"], False)
    assert "already in this project as “Au.tif”" in again.json()["upload_message"]


def test_a_token_is_enough(client, project, mia):
    _, secret = create_token(user=mia, name="microscope PC", lifetime_days=1)
    answer = client.post(
        URL,
        {"project": project.pk, "file": SimpleUploadedFile("Au.tif", b"1")},
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 201


def test_a_stranger_gets_404(client, project, zoe):
    client.force_login(zoe)
    assert post(client, project).status_code == 404


def test_a_viewer_gets_403(client, project, vic):
    client.force_login(vic)
    assert post(client, project).status_code == 403


def test_anonymous_is_refused(client, project):
    assert post(client, project).status_code in {401, 403}


@pytest.mark.parametrize(
    ("form", "about"),
    [({}, "project"), ({"project": "x" * 5}, "file"), ({"project": 1, "file": "text"}, "file")],
)
def test_an_incomplete_form_is_400(member_client, form, about):
    answer = member_client.post(URL, form)
    assert answer.status_code == 400
    assert about in answer.json()["errors"]


def test_an_empty_file_is_400(member_client, project):
    answer = post(member_client, project, content=b"")
    assert (answer.status_code, "empty" in answer.json()["detail"]) == (400, True)


def test_too_large_is_413(member_client, project, settings):
    settings.MAX_UPLOAD_BYTES = 3
    assert post(member_client, project).status_code == 413
    assert not Acquisition.objects.exists()
