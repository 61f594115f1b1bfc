"""The API of acquisitions and calibrations: found by what they tell, seen by members only."""

import asyncio
import json

import pytest
from django.conf import settings
from django.test import AsyncClient
from django.urls import reverse

from annotations.models import Acquisition, Role
from tests.factories import make_acquisition, make_calibration, make_frame, make_membership, make_user

pytestmark = pytest.mark.django_db
LIST = "/api/v1/acquisitions/"


@pytest.fixture
def acquisition(project):
    acquisition = make_acquisition(
        project, name="gold.tif", voltage_kv=300, gas="H2", metadata={"Holder": "Wildfire"}
    )
    make_frame(acquisition)
    return acquisition


@pytest.fixture
def calibrations(acquisition):
    return reverse("api-calibrations", args=[acquisition.pk])


def names(response):
    return [row["name"] for row in response.json()["results"]]


def post(client, url, **body):
    return client.post(url, json.dumps(body), content_type="application/json")


def test_it_works(member_client, acquisition):
    found = member_client.get(f"{LIST}{acquisition.pk}/").json()
    assert (found["name"], found["voltage_kv"], found["frames"]) == ("gold.tif", 300, 1)
    assert found["metadata"] == {"Holder": "Wildfire"}
    assert found["first_frames"][0]["width_px"] == 512


def test_a_stranger_learns_nothing(client, acquisition, calibrations, zoe):
    client.force_login(zoe)
    assert names(client.get(LIST)) == []
    one = f"{LIST}{acquisition.pk}/"
    assert {client.get(url).status_code for url in (one, f"{one}original/", calibrations)} == {404}
    assert {client.delete(one).status_code, post(client, calibrations, kind="withdrawn").status_code} == {404}
    assert post(client, f"{one}retry/").status_code == 404


def test_who_is_not_logged_in_gets_401(client, acquisition, calibrations):
    assert client.get(LIST).status_code == 401
    assert client.get(calibrations).status_code == 401


def test_a_viewer_may_look_and_no_more(client, acquisition, calibrations, vic):
    client.force_login(vic)
    assert client.get(calibrations).status_code == 200
    answer = post(client, calibrations, kind="typed", pixel_size_x_nm=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert client.delete(f"{LIST}{acquisition.pk}/").status_code == 403
    assert post(client, f"{LIST}{acquisition.pk}/retry/").status_code == 403


def test_an_annotator_may_not_delete(member_client, acquisition):
    answer = member_client.delete(f"{LIST}{acquisition.pk}/")
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Only managers")
    assert Acquisition.objects.filter(pk=acquisition.pk).exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [("voltage_kv__gte=250", True), ("voltage_kv__gte=301", False), ("gas=H2", True), ("gas=O2", False),
     ("q=wildfire", True), ("q=gold wild", True), ("q=silver", False), ("calibration=none", True),
     ("calibration=adopted", False), ("status=ready", True), ("name__icontains=GOLD", True),
     ("acquired_after=2020-01-01T00:00:00Z", False)],
)  # fmt: skip
def test_it_is_found_by_what_its_file_tells(member_client, acquisition, query, found):
    assert names(member_client.get(f"{LIST}?{query}")) == (["gold.tif"] if found else [])


@pytest.mark.parametrize("query", ["calibration=maybe", "voltage_kv__gte=much", "status=x"])
def test_a_filter_that_means_nothing_is_refused(member_client, acquisition, query):
    answer = member_client.get(f"{LIST}?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_pixel_size_is_typed_in(member_client, acquisition, calibrations, mia):
    answer = post(member_client, calibrations, kind="typed", pixel_size_x_nm=0.5, detail="grating")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["version"], told["pixel_size_y_nm"], told["source"], told["author"]) == (
        1,
        0.5,
        "typed",
        "mia",
    )
    assert [row["version"] for row in member_client.get(calibrations).json()["results"]] == [1]


def test_a_scale_bar_a_withdrawal_and_an_old_version(member_client, acquisition, calibrations):
    first = post(member_client, calibrations, kind="scale_bar", length_px=200, length_nm=50).json()
    assert first["relative_uncertainty"] == pytest.approx(0.0040825, rel=1e-4)
    assert post(member_client, calibrations, kind="withdrawn").json()["pixel_size_x_nm"] is None
    again = post(member_client, calibrations, kind="reading", calibration=first["id"]).json()
    assert (again["version"], again["pixel_size_x_nm"], again["source"]) == (3, 0.25, "scale_bar")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "kind"), ({"kind": "guess"}, "kind"), ({"kind": "typed"}, "pixel_size_x_nm"),
     ({"kind": "typed", "pixel_size_x_nm": -1}, "pixel_size_x_nm"),
     ({"kind": "scale_bar", "length_px": 3}, "length_nm"),
     ({"kind": "reading", "calibration": 999999}, "calibration"),
     ({"kind": "withdrawn", "frame": 999999}, "frame")],
)  # fmt: skip
def test_a_wrong_decision_is_told_at_its_field(member_client, acquisition, calibrations, body, field):
    answer = post(member_client, calibrations, **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert acquisition.calibrations.count() == 0


def test_a_version_or_frame_of_another_file_is_not_to_be_had(
    member_client, acquisition, calibrations, project
):
    other = make_acquisition(project)
    row, frame = make_calibration(other), make_frame(other)
    assert post(member_client, calibrations, kind="reading", calibration=row.pk).status_code == 400
    assert (
        post(member_client, calibrations, kind="typed", pixel_size_x_nm=1, frame=frame.pk).status_code == 400
    )


@pytest.fixture
def original(acquisition):
    path = settings.STORAGE_DIR / "originals" / "x"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"<script>alert(1)</script>" * 100_000)
    name = 'a"b\r\nSet-Cookie: x=1; <b>ü.html'
    Acquisition.objects.filter(pk=acquisition.pk).update(original="originals/x", name=name)
    return path


def check_download(response):
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "\n" not in response["Content-Disposition"]
    assert "Set-Cookie" not in response.headers


def test_the_original_is_saved_and_never_shown(member_client, acquisition, original):
    response = member_client.get(f"{LIST}{acquisition.pk}/original/")
    check_download(response)
    assert b"".join(response.streaming_content) == original.read_bytes()


@pytest.mark.django_db(transaction=True)
def test_the_original_is_streamed_in_pieces_under_asgi(acquisition, original, mia):
    async def fetch():
        client = AsyncClient()
        await client.aforce_login(mia)
        response = await client.get(f"{LIST}{acquisition.pk}/original/")
        return response, [piece async for piece in response.streaming_content]

    response, pieces = asyncio.run(fetch())
    check_download(response)
    assert len(pieces) == 3
    assert b"".join(pieces) == original.read_bytes()


def test_an_original_that_was_not_kept_is_not_found(member_client, acquisition):
    assert member_client.get(f"{LIST}{acquisition.pk}/original/").status_code == 404


def test_a_manager_deletes_it_with_its_files(
    client, acquisition, project, django_capture_on_commit_callbacks
):
    manager = make_user("max")
    make_membership(project, manager, Role.MANAGER)
    client.force_login(manager)
    frame = acquisition.frames.get()
    folder = settings.STORAGE_DIR / "frames" / str(frame.pk)
    folder.mkdir(parents=True)
    place = settings.STORAGE_DIR / "originals" / str(project.pk) / acquisition.sha256
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x")
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"{LIST}{acquisition.pk}/").status_code == 204
    assert not folder.exists()
    assert not place.exists()


def test_only_a_failed_import_is_tried_again(member_client, acquisition):
    assert post(member_client, f"{LIST}{acquisition.pk}/retry/").status_code == 400
    Acquisition.objects.filter(pk=acquisition.pk).update(status="failed", original="originals/x", attempts=3)
    answer = post(member_client, f"{LIST}{acquisition.pk}/retry/")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
