"""The ledger over HTTP: every edit exactly once, nobody's work silently lost."""

import json
import uuid
from functools import partial

import pytest

from annotations.models import Event, Particle, Role
from annotations.services.projection import replay, snapshot
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_frame,
    make_label_class,
    make_layer,
    make_membership,
    make_particle,
    make_user,
)
from tests.integration.edits import add, change, edit, post_edits

SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]


@pytest.fixture
def layer(project):
    return make_layer(make_frame(make_acquisition(project)))


@pytest.fixture
def send(layer):
    """Post edits as a user; gives the results."""
    return partial(post_edits, layer)


def assert_replayed(layer):
    """The particles equal what the layer's events, replayed from nothing, make."""
    replayed = replay(Event.objects.filter(layer=layer).order_by("sequence"))
    stored = {p.id: (p.version, snapshot(p)) for p in Particle.objects.filter(layer=layer)}
    assert replayed == stored


def test_it_works(layer, mia, send):
    drawn = add()
    [result] = send(mia, drawn)
    assert result == {"id": drawn["id"], "status": "applied", "version": 1}
    particle = Particle.objects.get()
    assert (particle.x, particle.y, particle.width, particle.height) == (10, 20, 30, 40)
    assert particle.created_by == mia
    assert particle.ecd_nm is None  # a box is not a diameter
    assert_replayed(layer)


def test_a_stranger_cannot_tell_that_the_layer_exists(layer, zoe, send, client):
    send(zoe, add(), status=404)
    client.force_login(zoe)
    for part in ("edits/", "particles/", "history/"):
        assert client.get(f"/api/v1/layers/{layer.pk}/{part}").status_code == 404
    assert client.get(f"/api/v1/layers/?frame={layer.frame_id}").status_code == 404


def test_a_viewer_may_look_but_not_draw(layer, vic, send, client):
    refused = send(vic, add(), status=403)
    assert "annotator role" in refused["detail"]
    assert not Particle.objects.exists()
    client.force_login(vic)
    assert client.get(f"/api/v1/layers/{layer.pk}/particles/").status_code == 200
    assert client.post("/api/v1/layers/", {"frame": layer.frame_id}).status_code == 403


def test_who_is_not_logged_in_is_asked_to(layer, client):
    assert client.post(f"/api/v1/layers/{layer.pk}/edits/", {}).status_code == 401


def test_an_edit_sent_twice_is_done_once(layer, mia, send):
    drawn = add()
    send(mia, drawn)
    [again] = send(mia, drawn)
    assert (again["status"], again["version"]) == ("duplicate", 1)
    [first, second] = send(mia, drawn, drawn)
    assert {first["status"], second["status"]} == {"duplicate"}
    assert Particle.objects.count() == Event.objects.count() == 1


def test_edits_of_a_lost_answer_replay_in_order(layer, mia, send):
    key = uuid.uuid4()
    edits = [add(key), change(key, 1, x=12), change(key, 2, x=15)]
    send(mia, edits[0])
    results = send(mia, *edits)
    assert [result["status"] for result in results] == ["duplicate", "applied", "applied"]
    assert Particle.objects.get().x == 15
    assert_replayed(layer)


def test_changes_of_different_things_are_merged(layer, mia, owner, send, project):
    gold = make_label_class(project)
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, change(key, 1, label_class=gold.pk))
    [result] = send(mia, change(key, 1, x=50))
    assert result["status"] == "merged"
    assert result["version"] == 3
    assert result["particles"][0]["label_class"] == gold.pk
    particle = Particle.objects.get()
    assert (particle.x, particle.label_class) == (50, gold)
    assert_replayed(layer)


def test_a_stale_move_is_refused_and_says_who_moved_it(layer, mia, owner, send):
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, change(key, 1, x=100))
    [result] = send(mia, change(key, 1, x=50))
    assert result["status"] == "conflict"
    assert "olga moved this box" in result["detail"]
    assert "not saved" in result["detail"]
    assert result["particles"][0]["x"] == 100
    assert Particle.objects.get().x == 100


def test_after_a_merge_the_edits_behind_it_still_apply(layer, mia, owner, send, project):
    gold = make_label_class(project)
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, change(key, 1, label_class=gold.pk))
    # Two moves in a row by somebody who has not seen the new class: the second rests on the first.
    results = send(mia, change(key, 1, x=50), change(key, 2, x=60))
    assert [result["status"] for result in results] == ["merged", "applied"]
    assert Particle.objects.get().x == 60


def test_after_a_refusal_the_edits_behind_it_are_refused_too(layer, mia, owner, send):
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, change(key, 1, x=100))
    results = send(mia, change(key, 1, x=50), change(key, 2, x=60))
    assert [result["status"] for result in results] == ["conflict", "conflict"]
    assert Particle.objects.get().x == 100


def test_changing_what_another_deleted_is_refused(layer, mia, owner, send):
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, edit("delete", key, base_version=1))
    [result] = send(mia, change(key, 1, x=50))
    assert result["status"] == "conflict"
    assert "olga deleted this box" in result["detail"]
    assert result["gone"] == [str(key)]


def test_deleting_what_another_changed_is_refused(layer, mia, owner, send):
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, change(key, 1, width=50))
    [result] = send(mia, edit("delete", key, base_version=1))
    assert result["status"] == "conflict"
    assert "olga resized this box" in result["detail"]
    assert Particle.objects.get().width == 50


def test_two_who_delete_the_same_box_agree(layer, mia, owner, send):
    key = uuid.uuid4()
    send(mia, add(key))
    send(owner, edit("delete", key, base_version=1))
    [result] = send(mia, edit("delete", key, base_version=1))
    assert result["status"] == "merged"
    assert_replayed(layer)


def test_undo_and_redo_are_events_and_give_back_exactly_what_was(layer, mia, send):
    key, moved = uuid.uuid4(), None
    send(mia, add(key, outline=SQUARE))
    moved = change(key, 1, x=0.1)
    send(mia, moved)
    undo = edit("undo", undoes=moved["group"])
    [undone] = send(mia, undo)
    assert undone["status"] == "applied"
    assert undone["particles"][0]["x"] == 10
    assert Particle.objects.get().outline == SQUARE
    [again] = send(mia, undo)
    assert again["status"] == "duplicate"
    redo = edit("undo", undoes=undo["group"])
    send(mia, redo)
    assert Particle.objects.get().x == 0.1
    assert Event.objects.count() == 4
    assert_replayed(layer)


def test_undo_of_a_deletion_brings_the_box_back_with_its_author(layer, mia, owner, send):
    key = uuid.uuid4()
    send(mia, add(key))
    gone = edit("delete", key, base_version=1)
    send(owner, gone)
    send(owner, edit("undo", undoes=gone["group"]))
    assert Particle.objects.get().created_by == mia
    assert Particle.objects.get().version == 3
    assert_replayed(layer)


def test_undo_leaves_alone_what_another_changed_since(layer, mia, owner, send):
    mine, other = uuid.uuid4(), uuid.uuid4()
    group = str(uuid.uuid4())
    send(mia, add(mine) | {"group": group}, add(other) | {"group": group})
    send(owner, change(other, 1, x=99))
    [result] = send(mia, edit("undo", undoes=group))
    assert result["status"] == "applied"
    assert "1 box was changed by somebody else" in result["detail"]
    assert Particle.objects.get().id == other
    assert_replayed(layer)


def test_nobody_undoes_another_ones_edit(layer, mia, owner, send):
    drawn = add()
    send(mia, drawn)
    [result] = send(owner, edit("undo", undoes=drawn["group"]))
    assert result["status"] == "refused"
    assert Particle.objects.count() == 1


def test_moving_a_box_moves_its_outline_and_resizing_drops_it(layer, mia, send):
    make_calibration(layer.frame.acquisition, 0.5)
    key = uuid.uuid4()
    [result] = send(mia, add(key, outline=SQUARE))
    assert result["particles"][0]["ecd_nm"] == pytest.approx(
        2 * (20 * 20 / 3.14159265) ** 0.5 * 0.5, rel=1e-6
    )
    particle = Particle.objects.get()
    assert (particle.x, particle.y, particle.width, particle.height) == (10, 10, 20, 20)
    send(mia, change(key, 1, x=15, y=5))
    particle.refresh_from_db()
    assert particle.outline == [[15, 5], [35, 5], [35, 25], [15, 25]]
    assert particle.ecd_nm
    send(mia, change(key, 2, width=25))
    particle.refresh_from_db()
    assert particle.outline is particle.ecd_nm is particle.ecd_px is particle.calibration is None
    assert_replayed(layer)


def test_a_box_just_over_the_edge_is_cut_and_the_client_told(layer, mia, send):
    [result] = send(mia, add(x=-0.5, width=30))
    assert result["particles"][0]["x"] == 0
    assert result["particles"][0]["width"] == 29.5


def test_a_box_moved_just_over_the_edge_keeps_its_size(layer, mia, send):
    key = uuid.uuid4()
    send(mia, add(key))
    send(mia, change(key, 1, x=512 - 30 + 0.4))
    particle = Particle.objects.get()
    assert (particle.x, particle.width) == (512 - 30, 30)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"x": 490}, "reaches 8 px over the frame's edge"),
        ({"width": 0.2}, "sides of 1 px or more"),
        ({"width": -5}, "sides of 1 px or more"),
        ({"x": "far"}, "x must be a number"),
        ({"x": True}, "x must be a number"),
        ({"height": None}, "height must be a number"),
        ({"label_class": 999_999}, "not one of the project's"),
        ({"label_class": []}, "not one of the project's"),
        ({"outline": [[1, 2]]}, "3 to 2000 points"),
        ({"outline": "round"}, "3 to 2000 points"),
        ({"outline": [[0, 0], [9, 0], [900, 9]]}, "leaves the frame"),
        ({"outline": [[0, 0], [20, 20], [20, 0], [0, 20]]}, "cross"),
    ],
)
def test_a_wrong_field_is_refused_in_one_sentence(layer, mia, send, fields, sentence):
    good = add()
    results = send(mia, add(**fields), good)
    assert results[0]["status"] == "refused"
    assert sentence in results[0]["detail"]
    assert results[1]["status"] == "applied"  # one bad edit does not hold up the others
    assert str(Particle.objects.get().id) == good["particle"]


def test_infinity_does_not_get_in(layer, mia, client):
    client.force_login(mia)
    body = json.dumps({"edits": [add(x=7777)]}).replace("7777", "1e999")
    response = client.post(f"/api/v1/layers/{layer.pk}/edits/", body, content_type="application/json")
    assert response.json()["results"][0]["status"] == "refused"


def test_a_class_of_another_project_is_refused(layer, mia, owner, send):
    from tests.factories import make_project

    foreign = make_label_class(make_project(owner, name="Other"))
    [result] = send(mia, add(label_class=foreign.pk))
    assert result["status"] == "refused"


def test_an_id_of_another_layer_cannot_be_reached(layer, mia, send, project):
    elsewhere = make_particle(make_layer(make_frame(make_acquisition(project))))
    results = send(mia, add(elsewhere.id), change(elsewhere.id, 1, x=1), edit("delete", elsewhere.id))
    assert [result["status"] for result in results] == ["refused", "conflict", "conflict"]
    elsewhere.refresh_from_db()
    assert elsewhere.x == 10


def test_suggestions_are_not_edited(project, mia, client):
    layer = make_layer(make_frame(make_acquisition(project)), kind="suggestion")
    client.force_login(mia)
    response = client.post(
        f"/api/v1/layers/{layer.pk}/edits/", {"edits": [add()]}, content_type="application/json"
    )
    assert response.status_code == 400
    assert "accept" in response.json()["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"edits": []}, {"edits": [{"id": "x"}]}, {"edits": "all"}, [], {"edits": [{}] * 501}]
)
def test_a_malformed_request_writes_nothing(layer, mia, client, body):
    client.force_login(mia)
    response = client.post(f"/api/v1/layers/{layer.pk}/edits/", body, content_type="application/json")
    assert response.status_code == 400
    assert set(response.json()) == {"code", "detail", "errors"}
    assert not Event.objects.exists()


def test_one_edit_costs_less_than_a_kilobyte_and_the_same_queries_at_any_size(
    layer, mia, client, django_assert_max_num_queries
):
    Particle.objects.bulk_create(
        Particle(layer=layer, x=i % 400, y=i // 400, width=5, height=5) for i in range(2000)
    )
    client.force_login(mia)
    sent = {"edits": [add()]}
    with django_assert_max_num_queries(16):
        response = client.post(f"/api/v1/layers/{layer.pk}/edits/", sent, content_type="application/json")
    assert len(json.dumps(sent)) + len(response.content) < 1000


def test_a_reviewer_may_draw(layer, project, send):
    rex = make_user("rex")
    make_membership(project, rex, Role.REVIEWER)
    assert send(rex, add())[0]["status"] == "applied"
