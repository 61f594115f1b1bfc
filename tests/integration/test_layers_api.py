"""What is read of layers over HTTP: a frame's, their particles, what happened since, one's own edits."""

import uuid
from functools import partial

import pytest

from tests.factories import make_acquisition, make_frame, make_layer, make_particle
from tests.integration.edits import add, change, edit, post_edits

SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]


@pytest.fixture
def layer(project):
    return make_layer(make_frame(make_acquisition(project)))


@pytest.fixture
def send(layer):
    return partial(post_edits, layer)


def test_another_browser_catches_up(layer, mia, owner, send, client):
    keep, drop = uuid.uuid4(), uuid.uuid4()
    send(mia, add(keep), add(drop))
    send(owner, edit("delete", drop, base_version=1), change(keep, 1, x=77))
    client.force_login(mia)
    since = client.get(f"/api/v1/layers/{layer.pk}/edits/?since=2").json()
    assert since["sequence"] == 4
    assert [event["by"] for event in since["events"]] == ["olga", "olga"]
    assert [row["x"] for row in since["particles"]] == [77]
    assert since["gone"] == [str(drop)]
    assert client.get(f"/api/v1/layers/{layer.pk}/edits/?since=-1").status_code == 400


def test_the_history_holds_ones_own_edits_only(layer, mia, owner, send, client):
    drawn = add(outline=SQUARE)
    send(mia, drawn)
    send(owner, add())
    client.force_login(mia)
    history = client.get(f"/api/v1/layers/{layer.pk}/history/").json()
    [[_, of, group, undoes, action, _, before, after]] = history["rows"]
    assert (of, group, undoes, action, before) == (
        layer.pk,
        drawn["group"].replace("-", ""),
        None,
        "add",
        None,
    )
    assert after["has_outline"] is True
    assert "outline" not in after


def test_all_particles_come_in_one_compact_answer(layer, mia, client):
    make_particle(layer, outline=SQUARE, confidence=0.5)
    make_particle(layer, x=200)
    client.force_login(mia)
    found = client.get(f"/api/v1/layers/{layer.pk}/particles/").json()
    assert found["n"] == 2
    assert found["x"] == [10, 200]
    outlines = client.get(f"/api/v1/layers/{layer.pk}/particles/?outlines=1").json()
    assert outlines["outline"] == [[160, 160, 320, 0, 0, 320, -320, 0]]


def test_one_particle_can_be_read_and_a_stranger_cannot(layer, mia, zoe, client):
    particle = make_particle(layer, created_by=mia)
    client.force_login(mia)
    assert client.get(f"/api/v1/particles/{particle.pk}/").json()["author"] == "mia"
    client.force_login(zoe)
    assert client.get(f"/api/v1/particles/{particle.pk}/").status_code == 404


def test_the_working_layer_is_made_once(project, mia, client):
    frame = make_frame(make_acquisition(project))
    client.force_login(mia)
    first = client.post("/api/v1/layers/", {"frame": frame.pk}).json()
    assert client.post("/api/v1/layers/", {"frame": frame.pk}).json()["id"] == first["id"]
    assert [row["id"] for row in client.get(f"/api/v1/layers/?frame={frame.pk}").json()] == [first["id"]]


def test_layers_are_asked_for_by_frame_or_by_run(layer, mia, client):
    client.force_login(mia)
    assert client.get("/api/v1/layers/?run=999999").status_code == 404
    for query in ("", f"?run=1&frame={layer.frame_id}", "?frame=x"):
        assert client.get(f"/api/v1/layers/{query}").status_code == 400
