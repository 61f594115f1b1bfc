"""`manage.py doctor` on a site that is well, and on one that is broken in each way it knows."""

import json
from io import StringIO

import pytest
import redis
from django.core.management import call_command
from django.urls import reverse

from etemweb import workers
from etemweb.broker import connect_queue
from etemweb.celery import app
from etemweb.doctor import FAILED, OK, WARNING, configuration, examine, machine, servers, work
from mlcore.inference.weights import SHIPPED, read_model
from tests.factories import make_user
from tests.real_site import running, wait_until

NOWHERE = "redis://127.0.0.1:1/0"


def states(findings):
    return {one.state for one in findings}


@pytest.fixture
def no_notes(settings):
    with redis.from_url(settings.CACHE_URL) as server:
        server.delete(workers.WORKERS, workers.BEAT)
        yield
        server.delete(workers.WORKERS, workers.BEAT)  # a page of another test would show what it made up


def doctor(*options):
    said = StringIO()
    try:
        call_command("doctor", *options, stdout=said, no_color=True)
    except SystemExit as end:
        return end.code, said.getvalue()
    return 0, said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_without_a_worker_it_fails_says_what_to_do_and_ends_with_1(no_notes):
    code, said = doctor()
    assert code == 1
    assert "FAILED   workers: None is there" in said
    assert "-> start one: ./etem worker" in said
    assert "ok       database: PostgreSQL" in said
    code, said = doctor("--json")
    assert code == 1
    rows = json.loads(said)
    assert {"part", "state", "says", "remedy"} == set(rows[0])
    # Every part is looked at; the tests' own servers keep nothing, which it must notice.
    assert len({row["part"] for row in rows}) == 13
    broken = {row["part"] for row in rows if row["state"] == FAILED}
    assert broken == {"workers", "beat", "broker"}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_site_that_is_well_ends_with_0(no_notes, tmp_path):
    app.control.purge()
    with connect_queue() as server:
        was = server.config_get("appendonly")["appendonly"]
        server.config_set("appendonly", "yes")
    try:
        with running(tmp_path) as site:
            site.worker("-l", "WARNING", "--beat", "--schedule", tmp_path / "beat")
            wait_until(lambda: workers.seen() and workers.beat_age_s() is not None)
            rows = list(examine())
    finally:
        with connect_queue() as server:
            server.config_set("appendonly", was)
    assert not [one for one in rows if one.state == FAILED]
    [line] = [one for one in rows if one.part == "workers"]
    assert "1 there, 1 tasks at a time" in line.says


@pytest.mark.django_db(transaction=True)
def test_no_answer_is_a_line_not_a_crash(settings):
    settings.QUEUE_URL = settings.CACHE_URL = NOWHERE
    rows = {one.part: one for one in examine()}
    for part in ("broker", "workers", "beat", "queues"):
        assert rows[part].state == FAILED
        assert rows[part].remedy
    assert rows["database"].state == OK


@pytest.mark.django_db
def test_a_broker_that_may_forget_is_named():
    with connect_queue() as server:
        before = server.config_get("maxmemory-policy")["maxmemory-policy"]
        server.config_set("maxmemory-policy", "allkeys-lru")
        try:
            said = [one.says for one in servers.broker() if one.state == FAILED]
        finally:
            server.config_set("maxmemory-policy", before)
    assert any("“allkeys-lru” may throw away" in one for one in said)


@pytest.mark.django_db
def test_a_short_patience_is_named(settings):
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 60}
    assert any("handed out again after 60 s" in one.says for one in servers.broker() if one.state == FAILED)


@pytest.mark.django_db
def test_a_worker_with_old_code_and_a_queue_without_one_are_named(settings, no_notes, monkeypatch):
    monkeypatch.setattr(app.control, "ping", lambda timeout: [{"old@there": {"ok": "pong"}}])
    with redis.from_url(settings.CACHE_URL) as server:
        old = {"name": "old@there", "at": workers._now(server), "queues": ["io", "now"], "processes": 2,
               "version": "0.0.1+old", "here_at": 0}  # fmt: skip
        server.hset(workers.WORKERS, "old@there", json.dumps(old))
    rows = list(work.workers_alive())
    assert states(rows) == {OK, FAILED, WARNING}
    assert any("Nobody works on the queue cpu" in one.says for one in rows)
    assert any("old@there has 0.0.1+old" in one.says for one in rows)
    # Its clock stands at 1970.
    assert states(servers.clock()) == {FAILED}


def test_a_disk_that_is_full_is_named(settings, monkeypatch):
    monkeypatch.setattr(machine, "BYTES_FAILED", 2**60)
    assert FAILED in states(machine.disk())


def test_a_storage_that_cannot_be_written_is_named(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path / "file"
    settings.STORAGE_DIR.write_text("")
    [one] = examine("storage")
    assert one.state == FAILED


def test_changed_weights_are_named(monkeypatch, tmp_path):
    for path in SHIPPED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "featurenet.safetensors").write_bytes(b"changed")
    monkeypatch.setattr(machine, "read_model", lambda: read_model(tmp_path))
    [one] = examine("weights")
    assert one.state == FAILED
    assert "are not those" in one.says


@pytest.mark.parametrize(
    ("over", "state", "word"),
    [
        ({}, OK, "Nothing"),
        ({"DEBUG": True}, FAILED, "ETEM_DEBUG"),
        ({"SECRET_KEY": "short"}, FAILED, "ETEM_SECRET_KEY"),
        ({"ALLOWED_HOSTS": ["em.example.org"]}, WARNING, "without TLS"),
        ({"ALLOWED_HOSTS": ["*"], "BEHIND_TLS": True}, FAILED, "ETEM_ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ["em.example.org"], "BEHIND_TLS": True}, WARNING, "ETEM_PROXY"),
        ({"BEHIND_TLS": True, "PROXIES": ["127.0.0.1"]}, WARNING, "own names alone"),
        ({"PROXIES": ["0.0.0.0/0"]}, FAILED, "nearly everybody"),
        ({"METRICS_ALLOWED": ["::/0"]}, FAILED, "nearly everybody"),
    ],
)
def test_risky_settings_are_named(settings, over, state, word):
    for name, value in over.items():
        setattr(settings, name, value)
    found = list(configuration.risky_settings())
    assert any(word in one.says and one.state == state for one in found), found


@pytest.mark.django_db(transaction=True)
def test_the_operator_sees_it_in_the_admin_and_nobody_else(client, mia):
    address = reverse("admin-doctor")
    assert client.get(address).status_code == 302
    client.force_login(mia)
    assert client.get(address).status_code == 302
    client.force_login(make_user("op", is_staff=True, is_superuser=True))
    page = client.get(address)
    assert page.status_code == 200
    assert b"PostgreSQL" in page.content
    assert address.encode() in client.get(reverse("admin:index")).content
