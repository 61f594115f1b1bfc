"""What the addresses below a layer really answer is what the schema says, key by key."""

import copy
import uuid

import jsonschema
import numpy as np
import pytest
from drf_spectacular.generators import SchemaGenerator

from annotations.display import tiles
from annotations.models import Layer
from annotations.services.pixels import tiles_path
from tests import phantoms
from tests.factories import make_acquisition, make_frame, make_label_class, make_layer, make_particle
from tests.integration.edits import add, change, edit

pytestmark = pytest.mark.django_db

SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]


def strict(schema):
    """OpenAPI 3.0 as JSON schema, in which a property that is not told of is a fault."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: strict(part) for key, part in schema.items() if key != "nullable"}
    if "properties" in told and isinstance(told["properties"], dict):
        told.setdefault("additionalProperties", False)
    return {"anyOf": [told, {"type": "null"}]} if schema.get("nullable") is True else told


@pytest.fixture(scope="module")
def schema():
    return strict(SchemaGenerator().get_schema(public=True))


@pytest.fixture
def layer(project):
    frame = make_frame(make_acquisition(project), width_px=160, height_px=160)
    image = (phantoms.micrograph(160, [(40, 40, 20), (100, 60, 30)]) * 1000).astype(np.uint16)
    tiles_path(frame).parent.mkdir(parents=True, exist_ok=True)
    tiles.write_tiles(image, tiles_path(frame))
    return make_layer(frame)


@pytest.fixture
def ask(client, layer, schema, mia):
    """The answer of an address below the layer, held against the schema."""
    client.force_login(mia)

    def ask(what, body=None, query="", of=layer):
        address = f"/api/v1/layers/{of.pk}/{what}/"
        answer = (
            client.get(address + query) if body is None else client.post(address, body, "application/json")
        )
        assert answer.status_code == 200, answer.content
        operation = schema["paths"][f"/api/v1/layers/{{id}}/{what}/"]["get" if body is None else "post"]
        documented = copy.deepcopy(operation["responses"]["200"]["content"]["application/json"]["schema"])
        whole = documented | {"components": schema["components"]}
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(whole, format_checker=checker).validate(answer.json())
        return answer.json()

    return ask


@pytest.fixture
def send(ask):
    return lambda *edits: ask("edits", {"edits": list(edits)})["results"]


def test_edits_of_every_outcome(send, ask, layer, project):
    soot = make_label_class(project, name="soot")
    keep, drop = uuid.uuid4(), uuid.uuid4()
    first = add(keep, label_class=soot.pk, outline=SQUARE)
    assert [r["status"] for r in send(first, add(drop))] == ["applied", "applied"]
    assert send(first)[0]["particles"][0]["outline"]
    assert send(change(keep, 1, x=12))[0]["status"] == "applied"
    assert send(change(keep, 1, x=13))[0]["status"] == "conflict"
    assert send(change(keep, 2, x=9000))[0]["detail"]
    assert send(edit("delete", drop, base_version=1))[0]["status"] == "applied"
    assert send(edit("delete", drop, base_version=1))[0]["gone"]
    assert send(edit("undo", undoes=first["group"]))[0]["status"]
    since = ask("edits", query="?since=0")
    assert {event["action"] for event in since["events"]} >= {"add", "change", "delete"}
    assert since["gone"] == [str(drop)]


def test_a_fit(send, ask, layer):
    found, lost = uuid.uuid4(), uuid.uuid4()
    send(add(found, x=25, y=25, width=30, height=30))
    fits = [
        {"id": str(uuid.uuid4()), "group": str(uuid.uuid4()), "particle": str(key), "base_version": 1}
        for key in (found, lost)
    ]
    results = ask("fit", {"edits": fits})["results"]
    assert results[0]["particles"][0]["ecd_px"] == pytest.approx(20, rel=0.1)
    assert results[1]["status"] != "applied"


def test_decisions_and_their_history(ask, send, layer):
    suggestions = make_layer(layer.frame, kind=Layer.Kind.SUGGESTION)
    for place in range(3):
        make_particle(
            suggestions, x=10 + 40 * place, outline=SQUARE, confidence=0.4 + 0.2 * place, origin="suggested"
        )
    group = str(uuid.uuid4())
    accept = {"group": group, "decision": "accepted", "min_confidence": 0.7}
    assert len(ask("decisions", accept, of=suggestions)["particles"]) == 1
    assert ask("decisions", accept, of=suggestions)["reload"] is True
    reject = {"group": str(uuid.uuid4()), "decision": "rejected", "below_confidence": 0.7}
    assert ask("decisions", reject, of=suggestions)["decided"] == 2
    undone = send(edit("undo", undoes=group))[0]
    assert undone["suggestion_layers"] == [suggestions.pk]
    send(add())
    history = ask("history")
    assert {row[4] for row in history["rows"]} >= {"add", "change"}


def test_all_particles_and_their_outlines(ask, layer):
    make_particle(layer, outline=SQUARE, confidence=0.5)
    make_particle(layer, x=200)
    assert ask("particles")["confidence"] == [0.5, None]
    assert ask("particles", query="?outlines=1")["outline"] == [[160, 160, 320, 0, 0, 320, -320, 0]]


def test_an_empty_layer(ask):
    assert ask("particles")["n"] == 0
    assert ask("history") == {"more": False, "rows": []}
    assert ask("edits")["events"] == []


def test_a_wrong_field_is_refused_in_its_own_result(send):
    results = send(add(x="left"), add())
    assert [result["status"] for result in results] == ["refused", "applied"]
