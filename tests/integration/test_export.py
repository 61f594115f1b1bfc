import csv
import io
import json

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from annotations.models import Particle, Role
from tests.factories import (
    make_label_class,
    make_layer,
    make_membership,
    make_particle,
    make_project,
    make_user,
)
from tests.integration.run_rows import make_prediction, make_run
from tests.sized import make_disc, make_sized_frame


@pytest.fixture
def frame(project):
    return make_sized_frame(project, [20, 30], label_class=make_label_class(project, name="=cmd"))


def get(client, name, project, **query):
    return client.get(reverse(name, args=[project.pk]), query)


def text_of(response):
    return b"".join(response.streaming_content).decode()


def rows_of(response):
    return list(csv.DictReader(io.StringIO(text_of(response))))


def test_it_works(member_client, project, frame):
    response = get(member_client, "api-export-csv", project)
    assert response["Content-Type"].startswith("text/csv")
    assert "attachment" in response["Content-Disposition"]
    rows = rows_of(response)
    assert len(rows) == 2
    row = min(rows, key=lambda row: float(row["ecd_px"]))
    calibration = frame.acquisition.calibrations.get()
    assert float(row["ecd_px"]) == pytest.approx(20)
    assert float(row["ecd_nm"]) == pytest.approx(10)
    assert (float(row["pixel_size_x_nm"]), row["calibration"]) == (0.5, str(calibration.pk))
    assert (row["acquisition"], row["frame_index"]) == (frame.acquisition.name, "0")
    assert row["sha256"] == frame.acquisition.sha256
    assert row["class"] == "'=cmd"
    assert float(row["aspect_ratio_major_minor"]) >= 1 >= float(row["aspect_ratio_feret"])


def test_without_a_calibration_no_nanometre_leaves(member_client, project):
    make_sized_frame(project, [20], pixel_size_nm=None)
    (row,) = rows_of(get(member_client, "api-export-csv", project))
    assert float(row["ecd_px"]) == pytest.approx(20)
    assert {row[name] for name in row if "nm" in name.split("_") or "nm2" in name} == {""}
    (image,) = json.loads(text_of(get(member_client, "api-export-coco", project)))["images"]
    assert image["pixel_size_nm"] is None


def test_filters_narrow_an_export(member_client, project, frame):
    make_disc(frame.layers.get(), 24)
    assert len(rows_of(get(member_client, "api-export-csv", project, label_class="none"))) == 1
    assert len(rows_of(get(member_client, "api-export-csv", project, ecd_nm_min="12"))) == 1
    coco = json.loads(text_of(get(member_client, "api-export-coco", project, label_class="none")))
    assert (len(coco["annotations"]), len(coco["images"])) == (1, 1)


def test_a_bad_filter_is_refused_in_the_one_shape(member_client, project, frame):
    response = get(member_client, "api-export-csv", project, label_class="zzz")
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert "label_class" in response.json()["errors"]


def test_suggestions_leave_only_when_asked_for(member_client, project, frame):
    suggestion = make_layer(frame, kind="suggestion")
    make_particle(suggestion, origin="suggested", confidence=0.9)
    rows = rows_of(get(member_client, "api-export-csv", project))
    assert [row["decision"] for row in rows] == ["", ""]  # what people drew waits for nobody
    run = make_run(project, frame=frame)
    make_prediction(run, frame, suggestion)
    (row,) = rows_of(get(member_client, "api-export-csv", project, source=f"run:{run.pk}"))
    assert (row["origin"], row["decision"]) == ("suggested", "pending")


NAMES = ["api-export-csv", "api-export-coco", "api-sizes", "project-export"]


@pytest.mark.parametrize("name", NAMES)
def test_a_viewer_may_export(client, vic, project, frame, name):
    client.force_login(vic)
    assert get(client, name, project).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_cannot_tell_that_the_project_exists(client, zoe, project, frame, name):
    client.force_login(zoe)
    assert get(client, name, project).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_nobody_exports_without_a_log_in(client, project, frame, name):
    assert get(client, name, project).status_code in {302, 401}


def test_an_export_streams_under_asgi_too(async_client, project, mia, frame):
    async_client.force_login(mia)

    async def fetch():
        response = await async_client.get(reverse("api-export-csv", args=[project.pk]))
        assert response.is_async
        return b"".join([piece async for piece in response.streaming_content])

    text = async_to_sync(fetch)().decode()  # in this thread, and so on this test's connection
    assert len(list(csv.DictReader(io.StringIO(text)))) == 2


def test_many_particles_leave_in_pieces(member_client, project, frame):
    for _ in range(2):
        layer = make_layer(make_sized_frame(project, []), kind="suggestion")
        layer.kind = "suggestion"
        Particle.objects.bulk_create(
            [Particle(layer=layer, x=1, y=1, width=2, height=2) for _ in range(3000)]
        )
        layer.frame.layers.filter(kind="working").delete()
        type(layer).objects.filter(pk=layer.pk).update(kind="working")
    response = get(member_client, "api-export-csv", project)
    pieces = list(response.streaming_content)
    assert len(pieces) >= 3
    assert b"".join(pieces).count(b"\n") == 6003
    coco = json.loads(text_of(get(member_client, "api-export-coco", project)))
    assert [entry["id"] for entry in coco["annotations"]] == list(range(1, 6003))


def test_the_numbers_of_the_size_page(member_client, project, frame):
    body = get(member_client, "api-sizes", project).json()
    assert (body["unit"], body["particles"], body["images"]) == ("nm", 2, 1)
    assert body["d50_nm"] == pytest.approx(12.5)
    assert body["d50_ci95_nm"] is None
    assert sum(row["particles"] for row in body["bins"]) == 2
    assert body["calibrations"][0]["pixel_size_x_nm"] == 0.5


def test_the_numbers_name_no_nanometre_without_calibration(member_client, project):
    make_sized_frame(project, [20, 30], pixel_size_nm=None)
    text = get(member_client, "api-sizes", project).content.decode()
    assert "_nm" not in text
    assert '"nm"' not in text
    assert json.loads(text)["d50_px"] == pytest.approx(25)


def test_particles_of_a_project_are_listed_by_size(member_client, project, frame):
    url = reverse("api-particles")
    body = member_client.get(url, {"project": project.pk, "ecd_nm_min": 12}).json()
    assert body["count"] == 1
    assert body["results"][0]["ecd_nm"] == pytest.approx(15)


@pytest.mark.parametrize("query", [{}, {"project": "x"}, {"project": "9" * 40}])
def test_a_list_of_particles_needs_its_project(member_client, query):
    response = member_client.get(reverse("api-particles"), query)
    assert response.status_code == 400
    assert "which project" in response.json()["detail"]


def test_the_particles_of_a_strangers_project_are_not_there(client, zoe, project, frame):
    client.force_login(zoe)
    assert client.get(reverse("api-particles"), {"project": project.pk}).status_code == 404
    other = make_project(make_user("nina"))
    make_membership(other, zoe, Role.VIEWER)
    assert client.get(reverse("api-particles"), {"project": other.pk}).json()["count"] == 0
