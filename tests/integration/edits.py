"""Edits as a client sends them."""

import uuid

from django.test import Client


def edit(action, particle=None, **over):
    made = {"id": str(uuid.uuid4()), "group": str(uuid.uuid4()), "action": action, **over}
    return made | ({"particle": str(particle)} if particle else {})


def add(particle=None, **fields):
    box = {"x": 10, "y": 20, "width": 30, "height": 40, **fields}
    return edit("add", particle or uuid.uuid4(), fields=box)


def change(particle, base_version, **fields):
    return edit("change", particle, base_version=base_version, fields=fields)


def post_edits(layer, user, *edits, status=200):
    """Post edits as a user; gives the results."""
    client = Client()
    client.force_login(user)
    response = client.post(
        f"/api/v1/layers/{layer.pk}/edits/", {"edits": list(edits)}, content_type="application/json"
    )
    assert response.status_code == status, response.content
    return response.json()["results"] if status == 200 else response.json()
