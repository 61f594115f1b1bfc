"""Every error of the API has one shape, whoever raised it."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from rest_framework.exceptions import Throttled

from annotations.api import errors
from annotations.api.projects import MeView


def shape(answer):
    body = answer.json()
    assert set(body) == {"code", "detail", "errors"}
    assert body["detail"].strip(), "says what is wrong"
    return answer.status_code, body["code"]


@pytest.fixture
def classes(project):
    return f"/api/v1/projects/{project.pk}/classes/"


def test_it_works(member_client, project):
    assert member_client.get("/api/v1/projects/").json()["results"][0]["id"] == project.pk


def test_anonymous(client, db):
    answer = client.get("/api/v1/projects/")
    assert shape(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_missing_object_and_missing_address(member_client):
    assert shape(member_client.get("/api/v1/projects/999999/")) == (404, "not_found")
    assert shape(member_client.get("/api/v1/no/such/thing/")) == (404, "not_found")
    assert shape(member_client.get("/api/v1/projects/99999999999999999999999/"))[0] == 404


def test_role(member_client, classes):
    answer = member_client.post(classes, {"name": "x"}, "application/json")
    assert shape(answer) == (403, "permission_denied")
    assert "Only managers" in answer.json()["detail"]


def test_csrf(project, mia):
    client = Client(enforce_csrf_checks=True)
    client.force_login(mia)
    assert shape(client.post("/api/v1/projects/", {"name": "x"}, "application/json"))[0] == 403


def test_method_and_types(member_client):
    answer = member_client.put("/api/v1/me/")
    assert shape(answer) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    assert shape(member_client.post("/api/v1/projects/", "x", "text/plain"))[0] == 415
    assert shape(member_client.get("/api/v1/projects/", HTTP_ACCEPT="image/png"))[0] == 406


@pytest.mark.parametrize(
    "body", ["{", "", "[]", '"x"', "null", "[[[", '{"name": {}}', '{"name": "a\\u0000b"}']
)
def test_malformed_bodies(member_client, body):
    assert shape(member_client.post("/api/v1/projects/", body, "application/json"))[0] == 400


def test_fields_are_named(client, owner, classes):
    client.force_login(owner)
    answer = client.post(classes, {"name": "", "color": "red", "key": 12}, "application/json")
    assert shape(answer) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"name", "color", "key"}


def test_bad_query(member_client):
    for query in ("limit=x", "offset=-1", "limit=99999999999999999999"):
        assert member_client.get(f"/api/v1/projects/?{query}").status_code < 500


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (ValidationError("No."), 400, "invalid"),
        (ValidationError({"name": ["No."]}), 400, "invalid"),
        (IntegrityError("duplicate key"), 409, "conflict"),
        (Throttled(wait=30), 429, "throttled"),
    ],
)
def test_what_views_and_services_raise(member_client, monkeypatch, raised, status, code):
    def get(self, request):
        raise raised

    monkeypatch.setattr(MeView, "get", get)
    answer = member_client.get("/api/v1/me/")
    assert shape(answer) == (status, code)
    assert "duplicate key" not in answer.content.decode()
    if status == 429:
        assert answer.headers["Retry-After"] == "30"


def test_a_crash_is_500_and_says_nothing_of_the_inside(member_client, monkeypatch):
    def get(self, request):
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(MeView, "get", get)
    member_client.raise_request_exception = False
    answer = member_client.get("/api/v1/me/")
    assert shape(answer) == (500, "error")
    assert "secret" not in answer.content.decode()


def test_nested_errors_are_named_by_path():
    nested = {"boxes": [{}, {"width": ["Must be positive."]}], "non_field_errors": ["No."]}
    assert errors._flat(nested) == {"boxes.1.width": ["Must be positive."], "non_field_errors": ["No."]}
