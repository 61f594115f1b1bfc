"""The project's live feed, over the channel layer that runs here."""

import contextlib
import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import Client

from annotations import consumers
from annotations.models import Acquisition, Layer, Membership, Particle, Role
from annotations.services.notify import push
from etemweb.asgi import application
from etemweb.proxy import SameOrigin
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_frame,
    make_label_class,
    make_layer,
    make_membership,
    make_project,
    make_user,
)
from tests.integration.edits import add

pytestmark = pytest.mark.django_db(transaction=True)


@sync_to_async
def cookie_of(user):
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@sync_to_async
def make(*usernames):
    users = [make_user(name) for name in usernames]
    project = make_project()
    make_membership(project, users[0], Role.VIEWER)
    return project, *users


class Feed(ApplicationCommunicator):
    """The browser's end of the socket (channels' own needs daphne, which this site does not run)."""

    def __init__(self, project_pk, session, origin="http://localhost"):
        cookie = [(b"cookie", f"sessionid={session}".encode())] if session else []
        headers = [(b"host", b"localhost"), (b"origin", origin.encode()), *cookie]
        scope = {"type": "websocket", "path": f"/ws/projects/{project_pk}/", "query_string": b""}
        super().__init__(application, {**scope, "headers": headers})

    async def connect(self):
        """Whether the server accepted, and the code it closed with if not."""
        await self.send_input({"type": "websocket.connect"})
        output = await self.receive_output(5)
        return output["type"] == "websocket.accept", output.get("code")

    async def read(self):
        return json.loads((await self.receive_output(5))["text"])

    async def close_code(self):
        """The code of the close that comes next, whatever is still said before."""
        while (output := await self.receive_output(5))["type"] != "websocket.close":
            pass
        return output["code"]


@pytest.fixture
async def open_feed():
    """Opened feeds, all closed at the end."""
    opened = []

    async def open_feed(project_pk, session=None, **over):
        feed = Feed(project_pk, session, **over)
        opened.append(feed)
        return feed, *await feed.connect()

    yield open_feed
    for feed in opened:
        await feed.send_input({"type": "websocket.disconnect", "code": 1000})
        await feed.wait(5)


async def tell(project, kind="acquisition", **payload):
    await sync_to_async(push)(project_id=project.pk, kind=kind, payload=payload)


async def test_it_works(open_feed):
    project, mia = await make("mia")
    socket, accepted, _ = await open_feed(project.pk, await cookie_of(mia))
    assert accepted
    await tell(project, id=7, status="ready")
    assert await socket.read() == {"type": "acquisition", "id": 7, "status": "ready"}


async def test_a_stranger_is_closed_before_accept(open_feed):
    project, _, zoe = await make("mia", "zoe")
    _, accepted, code = await open_feed(project.pk, await cookie_of(zoe))
    assert (accepted, code) == (False, consumers.NOT_FOUND)


async def test_anonymous_is_closed_before_accept(open_feed):
    project, _ = await make("mia")
    _, accepted, code = await open_feed(project.pk)
    assert (accepted, code) == (False, consumers.NOT_FOUND)


async def test_a_missing_project_reads_like_a_foreign_one(open_feed):
    project, mia = await make("mia")
    _, accepted, code = await open_feed(project.pk + 1000, await cookie_of(mia))
    assert (accepted, code) == (False, consumers.NOT_FOUND)


async def test_another_project_is_not_heard(open_feed):
    project, mia = await make("mia")
    other = await sync_to_async(make_project)()
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))
    await tell(other, id=1)
    assert await socket.receive_nothing(0.3)


async def test_a_removed_member_is_closed_with_the_next_word_of_it(open_feed):
    project, mia = await make("mia")
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))
    await sync_to_async(Membership.objects.filter(user=mia).delete)()
    await tell(project, "members")
    assert await socket.close_code() == consumers.NOT_FOUND


async def test_it_pings_and_ends_for_who_has_logged_out(open_feed, monkeypatch):
    monkeypatch.setattr(consumers, "PING_EVERY_S", 0.2)
    project, mia = await make("mia")
    session = await cookie_of(mia)
    socket, *_ = await open_feed(project.pk, session)
    assert await socket.read() == {"type": "ping"}
    await sync_to_async(SessionStore(session).delete)()
    assert await socket.close_code() == consumers.NOT_FOUND


@sync_to_async
def move(what, project, layer):
    """Change something as if the word of it had been lost."""
    if what == "an edit":
        Layer.objects.filter(pk=layer.pk).update(sequence=1)
    elif what == "an import's end":
        Acquisition.objects.update(status="refused")
    elif what == "a calibration":
        make_calibration(layer.frame.acquisition)
    elif what == "a class":
        project.label_classes.update(name="rod")
    else:
        project.runs.update(status="failed")


@pytest.mark.parametrize("what", ["an edit", "an import's end", "a calibration", "a class", "a run's end"])
async def test_a_ping_tells_of_what_has_moved_although_the_word_of_it_was_lost(open_feed, monkeypatch, what):
    monkeypatch.setattr(consumers, "PING_EVERY_S", 0.2)
    mia, project, layer = await make_annotator("mia")
    await sync_to_async(make_label_class)(project)
    await project.runs.acreate(engine="classical", created_by=mia)
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))
    assert await socket.read() == {"type": "ping"}
    await move(what, project, layer)
    while (ping := await socket.read()) == {"type": "ping"}:
        pass
    assert ping == {"type": "ping", "moved": True}
    assert await socket.read() == {"type": "ping"}


@pytest.mark.parametrize(
    "text", ["not JSON", "[]", "{}", '{"ask": 1, "layer": true, "user": 1, "edits": []}']
)
async def test_what_is_no_question_changes_nothing(open_feed, text):
    project, mia = await make("mia")
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))
    await socket.send_input({"type": "websocket.receive", "text": text})
    await tell(project, id=2)
    assert (await socket.read())["id"] == 2


@sync_to_async
def make_annotator(name, role=Role.ANNOTATOR):
    user, project = make_user(name), make_project()
    make_membership(project, user, role)
    return user, project, make_layer(make_frame(make_acquisition(project)))


@sync_to_async
def drawn(layer):
    return list(Particle.objects.filter(layer=layer).values_list("created_by", flat=True))


async def ask(socket, layer, user, **over):
    question = {"ask": 7, "layer": layer.pk, "user": user.pk, "edits": [add()], **over}
    await socket.send_input({"type": "websocket.receive", "text": json.dumps(question)})
    answer = await socket.read()
    assert answer["answer"] == 7
    return answer["status"], answer["body"]


async def test_an_edit_is_recorded_over_the_feed_and_once_however_often_it_is_sent(open_feed):
    mia, project, layer = await make_annotator("mia")
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))
    edits = [add()]
    status, body = await ask(socket, layer, mia, edits=edits)
    assert (status, body["sequence"], body["results"][0]["status"]) == (200, 1, "applied")
    assert (await socket.read())["sequence"] == 1  # as every open page is told
    status, body = await ask(socket, layer, mia, edits=edits)
    assert (status, body["results"][0]["status"]) == (200, "duplicate")
    assert await drawn(layer) == [mia.pk]


async def test_a_malformed_edit_is_refused_in_the_words_of_the_api(open_feed):
    mia, project, layer = await make_annotator("mia")
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))
    status, body = await ask(socket, layer, mia, edits=[{"id": "x"}])
    assert (status, body["code"]) == (400, "invalid")
    assert await drawn(layer) == []


async def test_a_viewer_may_not_edit_over_the_feed_and_finds_no_layer_of_strangers(open_feed):
    vic, project, layer = await make_annotator("vic", Role.VIEWER)
    _, _, foreign = await make_annotator("olga")
    socket, *_ = await open_feed(project.pk, await cookie_of(vic))
    assert [(await ask(socket, of, vic))[0] for of in (layer, foreign)] == [403, 404]
    assert await drawn(layer) == await drawn(foreign) == []


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:9",
        "https://localhost",
        "http://127.0.0.1",
        "http://evil.example",
        "null",
        "",
        "http://[",
    ],
)
async def test_a_page_of_another_origin_gets_no_socket(open_feed, origin):
    """The browser sends the cookie along from every port of this host."""
    mia, project, _ = await make_annotator("mia")
    *_, accepted, _ = await open_feed(project.pk, await cookie_of(mia), origin=origin)
    assert not accepted


@pytest.mark.parametrize(
    ("trusted", "origin", "is_let_in"),
    [
        ("https://em.example.org", "https://em.example.org", True),
        ("https://em.example.org", "https://em.example.org:444", False),
        ("https://*.example.org", "https://em.example.org", True),
        ("https://*.example.org", "http://em.example.org", False),
    ],
)
async def test_origins_that_the_operator_trusts_are_let_in(settings, trusted, origin, is_let_in):
    settings.CSRF_TRUSTED_ORIGINS = [trusted]
    passed = []

    async def inner(scope, receive, send):
        passed.append(scope)

    feed = ApplicationCommunicator(SameOrigin(inner), {
        "type": "websocket", "path": "/ws/", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"origin", origin.encode())],
    })  # fmt: skip
    await feed.send_input({"type": "websocket.connect"})
    await feed.wait(5) if is_let_in else await feed.receive_output(5)
    assert bool(passed) == is_let_in


@pytest.mark.parametrize("change", ["logged out", "password", "another's page", "switched off", "removed"])
async def test_who_may_no_longer_edit_is_refused_with_the_next_edit(open_feed, change):
    mia, project, layer = await make_annotator("mia")
    session = await cookie_of(mia)
    socket, *_ = await open_feed(project.pk, session)
    assert (await ask(socket, layer, mia))[0] == 200
    await socket.read()
    user, expected = mia, 401
    if change == "logged out":
        await sync_to_async(SessionStore(session).delete)()
    elif change == "password":
        mia.set_password("another-one-43")
        await sync_to_async(mia.save)()
    elif change == "switched off":
        mia.is_active = False
        await sync_to_async(mia.save)()
    elif change == "removed":
        expected = 404
        await sync_to_async(Membership.objects.filter(user=mia).delete)()
    else:
        user = await sync_to_async(make_user)("olga")
    assert (await ask(socket, layer, user))[0] == expected
    assert await drawn(layer) == [mia.pk]


def test_telling_nobody_with_redis_away_raises_nothing(settings, caplog, project):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["unix:///nowhere/redis.sock"]},
        }
    }
    push(project_id=project.pk, kind="acquisition", payload={"id": 1})
    assert "not told of acquisition" in caplog.text


async def test_nothing_is_told_of_what_was_rolled_back(open_feed):
    project, mia = await make("mia")
    socket, *_ = await open_feed(project.pk, await cookie_of(mia))

    def change_of_mind():
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            push(project_id=project.pk, kind="acquisition", payload={"id": 1})
            raise ZeroDivisionError

    await sync_to_async(change_of_mind)()
    assert await socket.receive_nothing(0.3)
