"""Addresses that take a form only: opened like a page, and sent to after the session has ended."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from etemweb.middleware import page_above
from tests.integration.doors import DOORS, addresses
from tests.integration.test_every_door import address_of, world

__all__ = ["world"]

HOST = "http://testserver"
PAGES = [(name, route) for name, route in addresses() if name in DOORS and not route.startswith("api/")]


@pytest.fixture
def form_addresses(client, owner, world):
    """All that answer 405 to a GET of who may do everything."""
    client.force_login(owner)
    named = [(name, address_of(world, name, route)) for name, route in PAGES]
    found = {name: address for name, address in named if takes_forms_only(client, address)}
    assert {"account-profile", "project-invite", "run-cancel", "acquisition-delete", "logout"} <= set(found)
    assert len(found) >= 15
    return found


def takes_forms_only(client, address):
    answer = client.get(address)
    if answer.streaming:
        list(answer.streaming_content)  # to its end, which closes the file
    return answer.status_code == 405


def test_opened_like_a_page_one_says_what_it_is_and_leads_back(client, form_addresses):
    for name, address in form_addresses.items():
        answer = client.get(address)
        assert "POST" in answer.headers["Allow"], name
        assert "This address is no page" in answer.text, name
        assert f'href="{page_above(address)}"' in answer.text, name
        came_from = client.get(address, headers={"Referer": f"{HOST}/projects/new/"})
        assert 'href="/projects/new/"' in came_from.text, name
        elsewhere = client.get(address, headers={"Referer": "https://evil.example/projects/new/"})
        assert "evil" not in elsewhere.text, name


@pytest.mark.parametrize("referer", [None, HOST + "/account/?a=1#x", "https://evil.example/a/", "itself"])
def test_after_the_log_in_comes_a_page(form_addresses, owner, referer):
    """Also where the form was shown at its own address, as after a refusal."""
    for name, address in form_addresses.items():
        if name == "logout":  # needs no log-in
            continue
        browser = Client()
        sent_from = {"Referer": HOST + address if referer == "itself" else referer} if referer else {}
        sent = browser.post(address, headers=sent_from)
        assert sent.status_code == 302, name
        assert "nothing was changed" in str(*get_messages(sent.wsgi_request)), name
        form = browser.get(sent.url)
        own = {HOST + "/account/?a=1#x": "/account/?a=1", "itself": address}
        assert form.context["next"] == own.get(referer, page_above(address)), name
        words = {"username": owner.username, "password": "nanoscale-42", "next": form.context["next"]}
        came_from = {"Referer": HOST + sent.url}  # browsers keep it along the redirections of a form
        page = browser.post(sent.url, words, headers=came_from, follow=True)
        assert page.status_code == 200, f"{name}: {page.redirect_chain}"
        assert page.wsgi_request.user == owner, name


def test_a_page_asked_for_is_still_what_comes_next(client, project):
    assert client.get(project.get_absolute_url()).url == f"/accounts/login/?next={project.get_absolute_url()}"
    head = client.head(project.get_absolute_url(), headers={"Referer": HOST + "/account/"})
    assert head.url.endswith(project.get_absolute_url())


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/account/tokens/7/revoke/", "/account/tokens/"),
        ("/projects/3/members/4/role/", "/projects/3/members/"),
        ("/accounts/logout/", "/"),
        ("/", "/"),
        ("/no/such/", "/"),
    ],
)
def test_the_page_above(path, above):
    assert page_above(path) == above
