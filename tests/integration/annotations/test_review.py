"""The mark of a reviewer: who may set it, on what, and what ends it."""

import pytest
from django.test import Client

from annotations.models import Role
from annotations.services.layers import working_layer
from tests.factories import make_acquisition, make_frame, make_layer, make_membership, make_user
from tests.integration.edits import add, post_edits


@pytest.fixture
def layer(project):
    return working_layer(frame=make_frame(make_acquisition(project)))


@pytest.fixture
def rex(project):
    user = make_user("rex")
    make_membership(project, user, Role.REVIEWER)
    return user


def ask(user, layer, method="post", sequence=0):
    client = Client()
    client.force_login(user)
    address = f"/api/v1/layers/{layer.pk}/review/"
    return getattr(client, method)(address, {"sequence": sequence}, content_type="application/json")


def test_it_works(layer, rex):
    answer = ask(rex, layer)
    assert answer.status_code == 200
    assert answer.json()["is_reviewed"] is True
    assert answer.json()["reviewed_by"] == "rex"
    layer.refresh_from_db()
    assert (layer.reviewed_by, layer.is_reviewed) == (rex, True)
    first = layer.reviewed_at
    ask(rex, layer)
    layer.refresh_from_db()
    assert layer.reviewed_at == first
    answer = ask(rex, layer, "delete")
    assert answer.json()["is_reviewed"] is False


def test_an_edit_ends_it_and_the_next_mark_must_have_seen_it(layer, rex, mia):
    ask(rex, layer)
    post_edits(layer, mia, add())
    layer.refresh_from_db()
    assert not layer.is_reviewed
    refused = ask(rex, layer, sequence=0)
    assert refused.status_code == 400
    assert "edited this image since" in str(refused.json())
    assert ask(rex, layer, sequence=1).json()["is_reviewed"] is True


def test_roles(layer, rex, mia, vic, zoe):
    codes = [ask(user, layer).status_code for user in (vic, mia, zoe)]
    assert codes == [403, 403, 404]
    layer.refresh_from_db()
    assert layer.reviewed_at is None
    ask(rex, layer)
    assert [ask(user, layer, "delete").status_code for user in (vic, mia, zoe)] == [403, 403, 404]
    layer.refresh_from_db()
    assert layer.is_reviewed


def test_suggestions_are_not_reviewed(layer, rex):
    suggestions = make_layer(layer.frame, kind="suggestion")
    assert ask(rex, suggestions).status_code == 400


def test_the_list_of_images_filters_by_it(layer, rex, project, client):
    other = make_frame(make_acquisition(project))
    stack = make_acquisition(project)
    frames = [make_frame(stack) for _ in range(2)]
    ask(rex, layer)
    ask(rex, working_layer(frame=frames[0]))
    edited = working_layer(frame=make_frame(make_acquisition(project)))
    ask(rex, edited)
    post_edits(edited, rex, add())
    client.force_login(rex)

    def found(state):
        rows = client.get(f"/api/v1/acquisitions/?project={project.pk}&review={state}").json()["results"]
        return {row["id"] for row in rows}

    whole, part, after = layer.frame.acquisition_id, stack.pk, edited.frame.acquisition_id
    assert found("reviewed") == {whole}
    assert found("unreviewed") == {other.acquisition_id, part, after}
    assert found("edited") == {after}
    page = client.get(f"{project.get_absolute_url()}?review=unreviewed").content.decode()
    assert "1 of 2 reviewed" in page


def test_a_specimen_is_named_by_members(project, mia, vic, client):
    acquisition = make_acquisition(project)
    address = f"/api/v1/acquisitions/{acquisition.pk}/"
    client.force_login(vic)
    assert client.patch(address, {"specimen": "x"}, content_type="application/json").status_code == 403
    client.force_login(mia)
    answer = client.patch(address, {"specimen": " grid  7 "}, content_type="application/json")
    assert answer.json()["specimen"] == "grid 7"
    assert client.patch(address, {"specimen": "x" * 121}, content_type="application/json").status_code == 400
    client.post(f"/acquisitions/{acquisition.pk}/specimen/", {"specimen": "grid 8"})
    found = client.get("/api/v1/acquisitions/?q=grid+8").json()["results"]
    assert [row["id"] for row in found] == [acquisition.pk]
