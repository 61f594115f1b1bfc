"""Who may pass where: every address of the site, tried by the anonymous, a stranger, a viewer and the owner.

The list of addresses is Django's own. One that doors.py does not know fails here: add it to DOORS there.
"""

import base64
import io
import json
import re
import uuid
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import reverse

from annotations.consumers import websocket_urlpatterns
from annotations.display import tiles
from annotations.models import Acquisition, Event, Layer, Membership, ParticleImport, Role, Upload
from annotations.services.api_tokens import create_token
from annotations.services.invitations import create_invitation
from annotations.services.pixels import tiles_path
from annotations.services.storage import original_path, original_place
from mlcore.models import ComparedFrame, Dataset, RunChunk
from mlcore.services.progress import note_line, note_point, note_sample
from tests import factories as make
from tests.integration.doors import DOORS, OWN, PROJECT, PUBLIC, addresses, admin_addresses
from tests.integration.mlcore.dataset_rows import make_frozen, make_synthesis
from tests.integration.model_rows import make_evaluation, make_model, make_promotion
from tests.integration.run_rows import make_prediction, make_run

MARK = "qx5309"  # in every name of the project: no answer to a stranger may hold it
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')  # drawn anew for each page
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]
PASSABLE = [(name, route) for name, route in addresses() if name in DOORS]
OF_PROJECT = [door for door in PASSABLE if DOORS[door[0]].kind == PROJECT]
OF_ONESELF = [door for door in PASSABLE if DOORS[door[0]].kind == OWN]


def test_every_address_is_known_here():
    unknown = [f"{name}  ({route})" for name, route in addresses() if name not in DOORS]
    assert not unknown, "Say in tests/integration/doors.py (DOORS) who may pass:\n" + "\n".join(unknown)


def test_every_door_leads_somewhere():
    gone = set(DOORS) - {name for name, _ in addresses()}
    assert not gone, f"These are addresses no more, take them out of DOORS: {sorted(gone)}"


@pytest.fixture
def world(owner, vic, zoe, tmp_path):
    """One of everything, real: a file on disk, tiles, an outline, a run, a link."""
    project = make.make_project(owner, name=f"Soot {MARK}")
    make.make_membership(project, vic, Role.VIEWER)
    mona = make.make_membership(project, make.make_user(f"mona-{MARK}"), Role.ANNOTATOR)
    label_class = make.make_label_class(project, name=f"soot {MARK}")
    acquisition = make.make_acquisition(project, name=f"{MARK}.tif", uploaded_by=owner)
    image = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    frame = make.make_frame(acquisition, width_px=64, height_px=64, value_max=4095, title=MARK)
    tiles_path(frame).parent.mkdir(parents=True)
    tiles.write_tiles(image, tiles_path(frame))
    acquisition.original = original_place(project.pk, acquisition.sha256)
    acquisition.save()
    original_path(acquisition).parent.mkdir(parents=True, exist_ok=True)
    file = io.BytesIO()
    tifffile.imwrite(file, image)
    original_path(acquisition).write_bytes(file.getvalue())
    make.make_calibration(acquisition, detail=MARK)
    failed = make.make_acquisition(
        project, name=f"bad-{MARK}.tif", status=Acquisition.Status.FAILED, original=acquisition.original
    )
    layer = make.make_layer(frame, sequence=1)  # the event below is its first
    suggestions = make.make_layer(frame, kind=Layer.Kind.SUGGESTION)
    outline = [[10, 20], [40, 20], [40, 60], [10, 60]]
    run = make_run(project, frame=frame, created_by=owner, message=MARK)
    make_prediction(run, frame, suggestions)
    ids = {"edit": uuid.uuid4(), "group": uuid.uuid4(), "particle_id": uuid.uuid4()}
    Event.objects.create(layer=layer, sequence=1, action="delete", version=2, actor=owner, **ids)
    invitation, secret = create_invitation(
        by=owner, project=project, role="viewer", email=f"{MARK}@lab.example", link_of=lambda secret: secret
    )
    model = make_model(project, tmp_path, note=MARK)
    dataset = Dataset.objects.create(project=project, name=f"Gold {MARK}", created_by=owner)
    make_evaluation(dataset, model)
    config = {"base": "shipped", "steps": 9, "batch_size": 2}
    training = make_run(project, kind="train_detector", engine="", dataset=dataset, config=config)
    note_sample(training, 1, f"frame {MARK}", b"no picture")
    note_point(training, 1, "train", {"loss": 1.0})
    note_line(training, MARK)
    RunChunk.objects.create(run=run, number=0, frames=[frame.pk])
    make_promotion(project, by=owner)
    ComparedFrame.objects.create(run=run, frame=frame)
    frozen = make_frozen(project, tmp_path / "frozen", note=MARK)
    synthesis = make_synthesis(project, tmp_path / "made", note=MARK)
    return SimpleNamespace(
        frozen=frozen, frozen_frame=frozen.frames.get(), synthesis=synthesis,
        project=project, model=model, membership=mona, label_class=label_class, acquisition=acquisition,
        frame=frame, failed=failed, layer=layer, suggestions=suggestions, run=run,
        dataset=dataset, training=training, sample=training.samples.get(),
        invitation=invitation, secret=secret,
        particle=make.make_particle(layer, outline=outline, label_class=label_class),
        upload=Upload.objects.create(project=project, owner=owner, name=f"{MARK}.tif", size_bytes=9),
        token=create_token(user=owner, name=MARK)[0],
        particle_import=ParticleImport.objects.create(project=project, created_by=owner, name=f"{MARK}.json"),
    )  # fmt: skip


def keys_of(world, name):
    """What the variables of the address stand for."""
    return {
        "pk": getattr(world, DOORS[name].of).pk,
        "frame_pk": world.frozen_frame.pk,
        "number": 0,
        "membership_pk": world.membership.pk,
        "member_pk": world.membership.pk,
        "class_pk": world.label_class.pk,
        "invitation_pk": world.invitation.pk,
        "token_pk": world.token.pk,
        "token": world.secret,
        "uidb64": "MQ",
        "level": 0,
        "column": 0,
        "row": 0,
    }


def address_of(world, name, route):
    keys = keys_of(world, name)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(keys[found[1]]), route)


def filled(words, world):
    """`{project}` is the key of the world's project, `{project:base64}` the same as tus writes it."""
    if isinstance(words, dict):
        return {key: filled(value, world) for key, value in words.items()}
    if isinstance(words, bytes):
        return SimpleUploadedFile("a.tif", words)
    if not isinstance(words, str):
        return words

    def key(found):
        text = str(getattr(world, found[1]).pk)
        return base64.b64encode(text.encode()).decode() if found[2] else text

    return re.sub(r"{(\w+)(:base64)?}", key, words)


def knock(user, method, world, name, route):
    """The answer to a request that is right but for who asks; what it changed is taken back."""
    client = Client()
    if user:
        client.force_login(user)
    address, door = address_of(world, name, route), DOORS[name]
    query = f"?{filled(door.query, world)}" if door.query else ""
    headers, body = filled(door.headers, world), filled(door.body, world)
    content_type = headers.pop("Content-Type", "application/json")
    is_form = not address.startswith("/api/") or any(isinstance(part, bytes) for part in door.body.values())
    with transaction.atomic():
        if method in {"GET", "HEAD"}:
            answer = client.generic(method, address + query, headers=headers)
        elif is_form and method == "POST":
            answer = client.post(address + query, body, headers=headers)
        else:
            raw = door.raw or json.dumps(body, default=str)
            answer = client.generic(method, address + query, raw, content_type, headers=headers)
        text = text_of(answer)
        request_finished.disconnect(close_old_connections)
        answer.close()  # a file whose content nobody asked for, as with HEAD, is open still
        request_finished.connect(close_old_connections)
        transaction.set_rollback(True)
    return SimpleNamespace(status_code=answer.status_code, headers=answer.headers, text=text)


def text_of(answer):
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode("utf-8", "replace")


def is_refused(answer, address):
    """As the anonymous are: pages lead to the log-in, the API says 401."""
    if address.startswith("/api/"):
        return answer.status_code == 401 and set(json.loads(answer.text)) == {"code", "detail", "errors"}
    if answer.status_code != 302:
        return False
    return answer.headers["Location"].startswith("/accounts/login/?next=")


class Findings(list):
    """Gathered over all doors, so that one run names all that is open."""

    def expect(self, is_right, name, who, method, answer):
        if not is_right:
            self.append(f"{name}: {method} by {who} gave {answer.status_code} {answer.text[:150]!r}")


def test_the_anonymous_pass_nowhere(world):
    found = Findings()
    for name, route in OF_PROJECT + OF_ONESELF:
        for method in ["GET", *UNSAFE]:
            answer = knock(None, method, world, name, route)
            found.expect(is_refused(answer, address_of(world, name, route)), name, "nobody", method, answer)
    assert not found, "\n".join(found)


def test_owners_pass_viewers_look_and_strangers_find_nothing(world, owner, vic, zoe):
    found = Findings()
    for name, route in OF_PROJECT:
        door, allowed = DOORS[name], 0
        for method in ["GET", *UNSAFE]:
            stranger = knock(zoe, method, world, name, route)
            viewer = knock(vic, method, world, name, route)
            passed = knock(owner, method, world, name, route)
            found.expect(MARK not in stranger.text, name, "a stranger (who saw a name)", method, stranger)
            if passed.status_code == 405:
                found.expect(stranger.status_code in {404, 405}, name, "a stranger", method, stranger)
                found.expect(viewer.status_code in {403, 404, 405}, name, "a viewer", method, viewer)
                continue
            allowed += 1
            # Did it not work for the owner, the rest would prove nothing.
            is_right = (
                passed.status_code == 200 if method == "GET" else passed.status_code not in {401, 403, 404}
            )
            found.expect(is_right, name, "the owner", method, passed)
            nothing = {200, 404} if door.is_list and method == "GET" else {404}
            found.expect(stranger.status_code in nothing, name, "a stranger", method, stranger)
            if method == "GET":
                seen = {404} if door.hidden_from_viewer else {403} if door.managers_only else {200}
                found.expect(viewer.status_code in seen, name, "a viewer", method, viewer)
            elif method in door.viewer_may:
                found.expect(viewer.status_code < 400, name, "a viewer", method, viewer)
            else:
                refused = 404 if door.hidden_from_viewer else 403
                found.expect(viewer.status_code == refused, name, "a viewer", method, viewer)
                says_why = refused == 404 or re.search(r"[A-Z][^.]+[.;]", viewer.text)
                found.expect(says_why, name, "a viewer (not told why)", method, viewer)
        if not allowed:
            found.append(f"{name}: no method works for the owner: is its entry in DOORS right?")
    assert not found, "\n".join(found)


def test_a_hidden_project_looks_like_one_that_does_not_exist(world, zoe):
    """In lists too, and in what is chosen by a query: else keys could be counted."""
    nothing = SimpleNamespace(**{key: SimpleNamespace(pk=987654321) for key in vars(world)})
    for name, route in OF_PROJECT:
        if DOORS[name].query:
            hidden, missing = (knock(zoe, "GET", there, name, route) for there in (world, nothing))
            hidden, missing = ((one.status_code, TOKEN.sub("", one.text)) for one in (hidden, missing))
            assert hidden == missing, name


def test_a_stranger_sees_only_what_is_theirs(world, zoe):
    for name, route in OF_ONESELF:
        answer = knock(zoe, "GET", world, name, route)
        assert answer.status_code in {200, 405}, name
        assert MARK not in answer.text, name


def test_the_mark_is_seen_by_who_may(world, owner):
    """Else its absence would prove nothing."""
    for name in (
        "projects",
        "account",
        "api-projects",
        "api-tokens",
        "project-members",
        "frame",
        "api-acquisition",
    ):
        route = dict(addresses())[name]
        assert MARK in knock(owner, "GET", world, name, route).text, name


def test_public_doors_open_no_project(world):
    for name, route in PASSABLE:
        if DOORS[name].kind == PUBLIC:
            answer = knock(None, "GET", world, name, route)
            assert answer.status_code < 500
            if name != "invitation":  # who holds the link may read what it is for
                assert MARK not in answer.text


def admin_address(name, route):
    route = re.sub(r"\^|\(\?P<app_label>[^)]*\)/?\$|\(\?P<url>[^)]*\)\$", "", route)
    return "/" + re.sub(r"<[^>]+>", "1", route)


def test_the_admin_is_the_operators(world, owner):
    assert len(admin_addresses()) > 50
    for name, route in admin_addresses():
        for user in (None, owner):
            client = Client()
            if user:
                client.force_login(user)
            for method in ("get", "post"):
                answer = getattr(client, method)(admin_address(name, route))
                assert MARK not in text_of(answer)
                if name not in {"login", "logout"}:
                    assert answer.status_code == 302, f"{name}: {answer.status_code} for {user}"
                    assert "/login/" in answer.headers["Location"]


def test_the_operator_looks_and_changes_no_measurement(world):
    client = Client()
    client.force_login(make.make_user("operator", is_staff=True, is_superuser=True))
    for model in admin.site._registry:
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{label}_changelist")).status_code == 200
        row = model.objects.first()
        if model.__name__ == "Group":
            continue
        assert row, f"{model.__name__} is missing in the world of this test"
        change, delete = (reverse(f"{label}_{what}", args=[row.pk]) for what in ("change", "delete"))
        assert client.get(change).status_code == 200
        if model.__name__ not in {"User", "Project"}:
            assert client.post(change, {}).status_code == 403
            assert client.get(reverse(f"{label}_add")).status_code == 403
        if model.__name__ not in {"ApiToken", "Invitation"}:
            assert client.post(delete, {"post": "yes"}).status_code == 403
            assert model.objects.filter(pk=row.pk).exists()


def test_every_model_is_in_the_admin():
    ours = {
        model
        for app in ("annotations", "mlcore", "analysis")
        for model in apps.get_app_config(app).get_models()
    }
    missing = ours - set(admin.site._registry) - {Membership}  # within Project
    assert not missing, f"Register in admin.py: {missing}"


def test_every_socket_is_known_here():
    """Who may listen is tried in annotations/test_live_feed.py; a new socket needs the like."""
    assert [str(pattern.pattern) for pattern in websocket_urlpatterns] == ["ws/projects/<int:pk>/"]


def test_nothing_is_served_by_path(world, client, owner):
    """Originals and tiles lie under STORAGE_DIR, which no address maps to."""
    client.force_login(owner)
    inside = original_path(world.acquisition).relative_to(settings.STORAGE_DIR)
    for root in ("storage", "media", "data/storage", "static"):
        for way in (inside, f"../storage/{inside}", f"%2e%2e/storage/{inside}"):
            assert client.get(f"/{root}/{way}").status_code == 404
