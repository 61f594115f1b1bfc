"""The tus 1.0 server, header by header."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import Acquisition, Membership, Upload
from annotations.services import uploads
from annotations.services.uploads import sweep_stray_files, sweep_uploads

TUS = {"Tus-Resumable": "1.0.0"}
CONTENT = bytes(range(256)) * 40  # no image: what becomes of it is the import's business
SIZE = len(CONTENT)
CHUNK_TYPE = "application/offset+octet-stream"


def metadata(**pairs):
    return ",".join(f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in pairs.items())


def begin(client, project, name="Au.dm4", size=SIZE, **over):
    headers = {
        **TUS,
        "Upload-Length": str(size),
        "Upload-Metadata": metadata(filename=name, project=project.pk),
    }
    return client.post(reverse("api-uploads"), headers={**headers, **over})


def begun(client, project, **over):
    answer = begin(client, project, **over)
    assert answer.status_code == 201, answer.content
    return Upload.objects.get(pk=answer["Location"].rstrip("/").rsplit("/", 1)[-1])


def url(upload):
    return reverse("api-upload", args=[upload.pk])


def send(client, upload, part, offset, content_type=CHUNK_TYPE, **over):
    return client.patch(
        url(upload), part, content_type=content_type, headers={**TUS, "Upload-Offset": str(offset), **over}
    )


def head(client, upload):
    return client.head(url(upload), headers=TUS)


def test_it_works(member_client, project, mia):
    begin_answer = begin(member_client, project, name="C:\\data\\Au.dm4")
    assert begin_answer.status_code == 201
    assert begin_answer["Tus-Resumable"] == "1.0.0"
    upload = Upload.objects.get()
    assert (upload.owner, upload.project, upload.name) == (mia, project, "Au.dm4")
    assert begin_answer["Location"] == url(upload)
    assert begin_answer["Upload-Expires"].endswith(" GMT")

    first = send(member_client, upload, CONTENT[:1000], 0)
    assert (first.status_code, first["Upload-Offset"]) == (204, "1000")
    asked = head(member_client, upload)
    assert (asked.status_code, asked["Upload-Offset"], asked["Upload-Length"]) == (
        200,
        "1000",
        str(SIZE),
    )
    assert asked["Cache-Control"] == "no-store"
    assert asked["Upload-Metadata"] == metadata(filename="C:\\data\\Au.dm4", project=project.pk)

    last = send(member_client, upload, CONTENT[1000:], 1000)
    assert (last.status_code, last["Upload-Offset"]) == (204, str(SIZE))
    acquisition = Acquisition.objects.get()
    assert acquisition.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (settings.STORAGE_DIR / acquisition.original).read_bytes() == CONTENT
    told = member_client.get(url(upload)).json()
    assert (told["acquisition"]["id"], told["is_new"], told["message"]) == (acquisition.pk, True, "")
    assert told["acquisition"]["status"] == "queued"


def test_what_the_server_can_do_is_told(member_client):
    answer = member_client.options(reverse("api-uploads"))
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert set(answer["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "termination", "expiration"
    }  # fmt: skip
    assert answer["Tus-Max-Size"] == str(settings.MAX_UPLOAD_BYTES)


def test_the_first_part_may_come_with_the_beginning(member_client, project):
    answer = member_client.post(
        reverse("api-uploads"),
        CONTENT,
        content_type=CHUNK_TYPE,
        headers={
            **TUS,
            "Upload-Length": str(SIZE),
            "Upload-Metadata": metadata(filename="a.tif", project=project.pk),
        },
    )
    assert (answer.status_code, answer["Upload-Offset"]) == (201, str(SIZE))
    assert Acquisition.objects.get().name == "a.tif"


# Who may not.


def test_a_stranger_finds_neither_project_nor_upload(member_client, project, zoe):
    upload = begun(member_client, project)
    stranger = Client()
    stranger.force_login(zoe)
    assert begin(stranger, project).status_code == 404
    for answer in (
        head(stranger, upload),
        stranger.get(url(upload)),
        send(stranger, upload, CONTENT, 0),
        stranger.delete(url(upload), headers=TUS),
    ):
        assert answer.status_code == 404
    upload.refresh_from_db()
    assert upload.offset_bytes == 0


def test_another_members_upload_is_not_found(member_client, project, owner):
    upload = begun(member_client, project)
    other = Client()
    other.force_login(owner)
    assert send(other, upload, CONTENT, 0).status_code == 404


def test_anonymous_is_refused(client, project):
    assert begin(client, project).status_code in {401, 403}
    assert not Upload.objects.exists()


def test_a_viewer_is_told_what_is_missing(client, project, vic):
    client.force_login(vic)
    answer = begin(client, project)
    assert answer.status_code == 403
    assert "role" in answer.json()["detail"]


def test_who_left_the_project_cannot_go_on(member_client, project, mia):
    upload = begun(member_client, project)
    Membership.objects.filter(user=mia).delete()
    assert send(member_client, upload, CONTENT, 0).status_code == 404


def test_a_form_on_another_site_cannot_upload(project, mia):
    client = Client(enforce_csrf_checks=True)
    client.force_login(mia)
    assert begin(client, project).status_code == 403


# Each refusal with its code.


@pytest.mark.parametrize("version", ["", "0.2.2"])
def test_another_version_of_the_protocol_is_412(member_client, project, version):
    upload = begun(member_client, project)
    for answer in (
        begin(member_client, project, **{"Tus-Resumable": version}),
        send(member_client, upload, CONTENT, 0, **{"Tus-Resumable": version}),
        member_client.head(url(upload), headers={"Tus-Resumable": version}),
    ):
        assert answer.status_code == 412
        assert answer["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize("length", ["", "-1", "many", "1e3", "٣", "9" * 30])
def test_a_length_that_is_no_number_is_400(member_client, project, length):
    answer = begin(member_client, project, size=length)
    assert answer.status_code == 400
    assert "Upload-Length" in answer.json()["detail"]


def test_an_empty_file_is_400(member_client, project):
    answer = begin(member_client, project, size=0)
    assert (answer.status_code, "empty" in answer.json()["detail"]) == (400, True)


def test_too_large_is_413(member_client, project, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    answer = begin(member_client, project, size=1001)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "“Au.dm4” has 1,001 bytes, more than the 1,000 accepted here."
    assert not Upload.objects.exists()


@pytest.mark.parametrize("told", ["filename ???", "filename /w==", "x" * 5000])
def test_metadata_that_cannot_be_read_is_400(member_client, project, told):
    assert begin(member_client, project, **{"Upload-Metadata": told}).status_code == 400


@pytest.mark.parametrize("pk", ["", "abc", "²", "9" * 40, "-1"])
def test_a_project_that_is_no_number_is_404(member_client, pk):
    headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": metadata(filename="a.tif", project=pk)}
    assert member_client.post(reverse("api-uploads"), headers=headers).status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "..", "folder/", "\u202e"])
def test_a_file_without_a_name_is_400(member_client, project, name):
    assert begin(member_client, project, name=name).status_code == 400


def test_a_wrong_offset_is_409_and_counts_nothing(member_client, project):
    upload = begun(member_client, project)
    assert send(member_client, upload, CONTENT[:10], 0).status_code == 204
    for offset in (0, 9, 11):
        assert send(member_client, upload, CONTENT[10:20], offset).status_code == 409
    assert head(member_client, upload)["Upload-Offset"] == "10"


def test_a_missing_offset_is_400(member_client, project):
    upload = begun(member_client, project)
    assert send(member_client, upload, CONTENT, "").status_code == 400


def test_another_content_type_is_415(member_client, project):
    upload = begun(member_client, project)
    answer = send(member_client, upload, CONTENT, 0, content_type="application/octet-stream")
    assert answer.status_code == 415


def test_more_than_was_promised_is_413_and_counts_nothing(member_client, project):
    upload = begun(member_client, project, size=100)
    assert send(member_client, upload, CONTENT[:60], 0).status_code == 204
    assert send(member_client, upload, CONTENT[60:101], 60).status_code == 413
    assert head(member_client, upload)["Upload-Offset"] == "60"
    assert upload.path.read_bytes() == CONTENT[:60]


def test_an_unknown_upload_is_404(member_client):
    missing = Upload()
    assert head(member_client, missing).status_code == 404


# Accidents.


def test_what_a_killed_request_left_behind_is_overwritten(member_client, project):
    upload = begun(member_client, project)
    send(member_client, upload, CONTENT[:1000], 0)
    with upload.path.open("ab") as file:
        file.write(b"never acknowledged" * 1000)
    send(member_client, upload, CONTENT[1000:], 1000)
    acquisition = Acquisition.objects.get()
    assert (settings.STORAGE_DIR / acquisition.original).read_bytes() == CONTENT


def test_a_full_disk_is_507_and_counts_nothing(member_client, project):
    upload = begun(member_client, project)
    upload.path.symlink_to("/dev/full")  # each write to it fails as on a full disk
    answer = send(member_client, upload, CONTENT, 0)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    upload.path.unlink()
    assert head(member_client, upload)["Upload-Offset"] == "0"
    assert send(member_client, upload, CONTENT, 0).status_code == 204


def test_a_file_that_cannot_fit_is_507_before_a_byte_is_sent(member_client, project, settings):
    settings.MAX_UPLOAD_BYTES = 2**62
    assert begin(member_client, project, size=2**55).status_code == 507


def test_lost_bytes_are_410(member_client, project):
    upload = begun(member_client, project)
    send(member_client, upload, CONTENT[:1000], 0)
    upload.path.write_bytes(b"short")
    assert send(member_client, upload, CONTENT[1000:], 1000).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_never_both_write(member_client, project):
    upload = begun(member_client, project)
    second = connection.copy()
    try:
        with second.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM annotations_upload WHERE id = %s FOR UPDATE", [upload.pk])
            assert send(member_client, upload, CONTENT, 0).status_code == 423
            assert head(member_client, upload).status_code == 200
            cursor.execute("ROLLBACK")
    finally:
        second.close()
    assert send(member_client, upload, CONTENT, 0).status_code == 204


def test_an_upload_whose_last_request_died_is_finished_when_asked(member_client, project):
    upload = begun(member_client, project)
    upload.path.write_bytes(CONTENT)
    Upload.objects.update(offset_bytes=len(CONTENT))
    assert head(member_client, upload).status_code == 200
    assert member_client.get(url(upload)).json()["acquisition"]["id"] == Acquisition.objects.get().pk


def test_a_failed_import_leaves_the_upload_to_try_again(member_client, project, settings):
    upload = begun(member_client, project)
    settings.MAX_UPLOAD_BYTES = 10
    assert send(member_client, upload, CONTENT, 0).status_code == 400
    assert not Acquisition.objects.exists()
    settings.MAX_UPLOAD_BYTES = 2**20
    assert head(member_client, upload).status_code == 200
    assert Acquisition.objects.exists()


def test_the_same_file_twice_is_recognised_and_said(member_client, project):
    for name in ("first.tif", "second.tif"):
        upload = begun(member_client, project, name=name)
        send(member_client, upload, CONTENT, 0)
    acquisition = Acquisition.objects.get()
    told = member_client.get(url(upload)).json()
    assert (told["acquisition"]["id"], told["is_new"]) == (acquisition.pk, False)
    assert (
        told["message"] == "“second.tif” is already in this project as “first.tif”; it was not added twice."
    )


# Ends.


def test_giving_up_deletes_the_bytes(member_client, project, django_capture_on_commit_callbacks):
    upload = begun(member_client, project)
    send(member_client, upload, CONTENT[:10], 0)
    with django_capture_on_commit_callbacks(execute=True):
        assert member_client.delete(url(upload), headers=TUS).status_code == 204
    assert not upload.path.exists()
    assert head(member_client, upload).status_code == 404


def test_a_post_may_stand_for_patch_and_delete(member_client, project):
    upload = begun(member_client, project)
    override = {**TUS, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    answer = member_client.post(url(upload), CONTENT[:10], content_type=CHUNK_TYPE, headers=override)
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "10")


def test_abandoned_uploads_go_and_complete_ones_are_kept(
    member_client, project, django_capture_on_commit_callbacks
):
    abandoned = begun(member_client, project)
    send(member_client, abandoned, CONTENT[:10], 0)
    complete = begun(member_client, project)
    complete.path.write_bytes(CONTENT)
    Upload.objects.filter(pk=complete.pk).update(offset_bytes=len(CONTENT))
    fresh = begun(member_client, project)
    old = timezone.now() - Upload.KEPT_FOR - timedelta(minutes=1)
    Upload.objects.exclude(pk=fresh.pk).update(touched_at=old)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_uploads()
    assert set(Upload.objects.values_list("pk", flat=True)) == {complete.pk, fresh.pk}
    assert Acquisition.objects.get().uploads.get() == complete
    assert not abandoned.path.exists()


def test_stray_bytes_go_once_they_are_old(member_client, project, monkeypatch):
    known = begun(member_client, project)
    send(member_client, known, CONTENT[:10], 0)
    stray = Path(known.path.parent, "stray")
    stray.write_bytes(b"1")
    sweep_stray_files()
    assert stray.exists()
    monkeypatch.setattr(uploads.Upload, "KEPT_FOR", timedelta(seconds=-1))
    sweep_stray_files()
    assert (stray.exists(), known.path.exists()) == (False, True)
