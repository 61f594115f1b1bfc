"""Shadow comparisons and the queue of frames, as programs ask for them."""

import pytest
from django.urls import reverse

from annotations.models import Role
from mlcore.models import Run
from mlcore.services.execute import execute_run
from tests.factories import make_acquisition, make_membership, make_user
from tests.integration.mlcore.test_runs import store_frame
from tests.integration.model_rows import make_model, make_promotion


@pytest.fixture
def frames(project):
    return [store_frame(make_acquisition(project)) for _ in range(2)]


def test_shadow(client, project, owner, frames, tmp_path):
    model = make_model(project, tmp_path)
    client.force_login(owner)
    address = reverse("api-model-shadow", args=[model.pk])
    assert client.get(address).json() == {"run": None, "report": None}
    answer = client.post(address, {"n_frames": 1}, content_type="application/json")
    assert (answer.status_code, answer.json()["steps_total"]) == (201, 1)
    assert client.get(address).json()["report"] is None
    execute_run(run_pk=answer.json()["id"])
    shown = client.get(address).json()
    assert (shown["run"]["id"], shown["run"]["status"]) == (answer.json()["id"], "succeeded")
    assert (shown["report"]["n_first"], shown["report"]["agreement"]) == (3, 1.0)
    assert shown["report"]["frames"][0]["frame"] in [one.pk for one in frames]
    assert sum(shown["report"]["histograms"][0]["second"]) == 3


def test_next(client, project, owner, frames):
    client.force_login(owner)
    address = reverse("api-next-frames", args=[project.pk])
    assert client.get(address).json() == {"run": None, "frames": []}
    answer = client.post(address)
    assert answer.status_code == 201
    execute_run(run_pk=answer.json()["id"])
    shown = client.get(address).json()
    assert shown["run"]["id"] == answer.json()["id"]
    assert [one["place"] for one in shown["frames"]] == [1, 2]
    assert {one["frame"] for one in shown["frames"]} == {one.pk for one in frames}
    assert all(one["reasons"] and one["page_url"] for one in shown["frames"])


@pytest.mark.parametrize("content", [{"n_frames": 0}, {"n_frames": 201}, {"n_frames": "many"}])
def test_a_number_that_makes_no_sense(client, project, owner, frames, content):
    client.force_login(owner)
    answer = client.post(
        reverse("api-next-frames", args=[project.pk]), content, content_type="application/json"
    )
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["n_frames"])
    assert not Run.objects.exists()


def test_what_cannot_be_is_said(client, project, owner, tmp_path):
    model = make_model(project, tmp_path)
    client.force_login(owner)
    answer = client.post(reverse("api-next-frames", args=[project.pk]))
    assert (answer.status_code, answer.json()["detail"][:32]) == (400, "No image waits to be annotated: ")
    make_promotion(project, model)
    answer = client.post(reverse("api-model-shadow", args=[model.pk]))
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith("is the champion; there is nothing to compare it with.")


@pytest.mark.parametrize(("role", "read", "write"), [(Role.VIEWER, 200, 403), (None, 404, 404)])
def test_who_may(client, project, frames, tmp_path, role, read, write):
    model = make_model(project, tmp_path)
    user = make_user("someone")
    if role:
        make_membership(project, user, role)
    client.force_login(user)
    for name, key in (("api-next-frames", project.pk), ("api-model-shadow", model.pk)):
        address = reverse(name, args=[key])
        assert client.get(address).status_code == read
        assert client.post(address).status_code == write
    assert not Run.objects.filter(kind=Run.Kind.COMPARE).exists()
