"""Whose word is taken for a client's address, and what a page may open."""

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.exceptions import ImproperlyConfigured

from annotations.services.log_in import FAILURES_OF_NAME, PAUSE_S
from etemweb import env
from etemweb.proxy import behind_proxy

FORGED = (b"x-forwarded-for", b"203.0.113.9")


async def address_seen(client="127.0.0.1", header=FORGED):
    """What the site takes for the address of who asks."""
    seen = []

    async def site(scope, receive, send):
        seen.append(scope["client"][0])

    asked = ApplicationCommunicator(
        behind_proxy(site), {"type": "http", "client": (client, 5), "headers": [header]}
    )
    await asked.wait(5)
    return seen[0]


@pytest.mark.parametrize(
    ("proxies", "client", "seen"),
    [
        ([], "127.0.0.1", "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1", "203.0.113.9"),
        (["127.0.0.1"], "10.0.0.7", "10.0.0.7"),
        (["10.0.0.0/8"], "10.0.0.7", "203.0.113.9"),
    ],
)
async def test_only_a_named_proxy_says_who_asks(settings, proxies, client, seen):
    settings.PROXIES = proxies
    assert await address_seen(client) == seen


async def test_through_a_proxy_the_nearest_address_counts(settings):
    """What a client wrote itself stands to the left of what the proxy adds."""
    settings.PROXIES = ["127.0.0.1"]
    assert await address_seen(header=(FORGED[0], b"203.0.113.9, 198.51.100.4")) == "198.51.100.4"


def test_a_wrong_proxy_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("ETEM_PROXY", "127.0.0.1, nginx")
    with pytest.raises(ImproperlyConfigured, match=r"ETEM_PROXY .* 'nginx'"):
        env.networks("ETEM_PROXY")
    monkeypatch.setenv("ETEM_PROXY", "127.0.0.1, 10.0.0.0/8")
    assert env.networks("ETEM_PROXY") == ["127.0.0.1", "10.0.0.0/8"]


@pytest.mark.parametrize(
    ("door", "address"), [("/accounts/login/", "10.9.0.1"), ("/admin/login/", "10.9.0.2")]
)
def test_the_pause_is_a_429(client, mia, door, address):
    words = {"username": "mia", "password": "wrong"}
    forged = {"X-Forwarded-For": "203.0.113.{}"}

    def guess(number, **over):
        headers = {name: value.format(number) for name, value in forged.items()}
        return client.post(door, {**words, **over}, headers=headers, REMOTE_ADDR=address)

    assert [guess(number).status_code for number in range(FAILURES_OF_NAME)] == [200] * FAILURES_OF_NAME
    answer = guess(99, password="nanoscale-42")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(PAUSE_S))
    assert "Too many failed attempts" in answer.text
    assert client.get(door).status_code == 200


def test_a_page_may_open_its_own_socket_only(member_client, project):
    for path in ("/", f"/projects/{project.pk}/", f"/projects/{project.pk}/sizes/"):
        for secure, socket in ((False, "ws://testserver"), (True, "wss://testserver")):
            policy = member_client.get(path, secure=secure).headers["Content-Security-Policy"]
            parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
            assert parts["connect-src"] == f"'self' {socket}"


def test_the_icon_is_found_by_its_old_name(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer.url.endswith("/img/favicon.ico")
