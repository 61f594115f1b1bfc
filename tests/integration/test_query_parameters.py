"""A list's parameters: one that is not known is refused, a project, frame or run one may not see is 404."""

import pytest

from tests.factories import make_acquisition, make_frame
from tests.integration.run_rows import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(project):
    return make_run(project, frame=make_frame(make_acquisition(project)))


@pytest.mark.parametrize(
    "address", ["acquisitions/?project={0.project_id}", "runs/?project={0.project_id}",
                "runs/?frame={0.frame_id}", "layers/?frame={0.frame_id}", "layers/?run={0.pk}",
                "particles/?project={0.project_id}"],
)  # fmt: skip
def test_a_stranger_finds_nothing_there(address, run, client, mia, zoe):
    address = f"/api/v1/{address.format(run)}"
    client.force_login(mia)
    assert client.get(address).status_code == 200
    nowhere = client.get(f"{address}9999")
    client.force_login(zoe)
    refused = client.get(address)
    assert refused.status_code == nowhere.status_code == 404
    assert refused.json() == nowhere.json()


@pytest.mark.parametrize(
    "address", ["acquisitions/?{}", "runs/?{}", "projects/?{}", "tokens/?{}", "particles/?project={1}&{0}",
                "layers/?frame={2}&{0}", "projects/{1}/members/?{0}", "projects/{1}/classes/?{0}",
                "projects/{1}/sizes/?{0}", "projects/{1}/export/particles.csv?{0}",
                "projects/{1}/export/coco.json?{0}"],
)  # fmt: skip
@pytest.mark.parametrize("unknown", ["search=Talos", "page=2", "voltage_kv_min=150&color=red"])
def test_an_unknown_parameter_is_refused_by_name(address, unknown, run, client, mia):
    client.force_login(mia)
    refused = client.get(f"/api/v1/{address.format(unknown, run.project_id, run.frame_id)}")
    assert refused.status_code == 400
    names = [pair.partition("=")[0] for pair in unknown.split("&")]
    body = refused.json()
    assert body["code"] == "invalid"
    assert sorted(body["errors"]) == sorted(names)
    assert body["detail"].startswith(f"{min(names)}: This address has no such parameter")


def test_the_known_ones_are_named(client, mia, project):
    client.force_login(mia)
    told = client.get("/api/v1/acquisitions/?voltage_kv_min=150").json()["detail"]
    assert {"voltage_kv__gte", "project", "q", "limit", "offset"} <= set(
        told.replace(",", "").rstrip(".").split()
    )


@pytest.mark.parametrize("query", ["format=json", "limit=5&offset=0", "voltage_kv__gte=150", "q=Talos"])
def test_known_parameters_pass(query, client, mia):
    client.force_login(mia)
    assert client.get(f"/api/v1/acquisitions/?{query}").status_code == 200
