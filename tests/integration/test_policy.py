"""What every page tells the browser about itself, and what no template may hold."""

import re

import pytest
from django.conf import settings

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
PAGES = [
    "/",
    "/account/",
    "/accounts/password/",
    "/api/docs/",
    "/projects/{}/members/",
    "/projects/{}/classes/",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_guarded(member_client, project, path):
    answer = member_client.get(path.format(project.pk))
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert (policy["object-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_cookies(client, mia):
    client.post("/accounts/login/", {"username": "mia", "password": "nanoscale-42"})
    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert session["httponly"]
    assert session["samesite"] == csrf["samesite"] == "Lax"
    # The page's own scripts send it back in a header; it opens nothing by itself.
    assert not csrf["httponly"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_inline_code(path):
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text), "scripts go to static/js"
    assert not re.search(r"\son[a-z]+\s*=", text), "handlers go to static/js"
    assert not re.search(r"<style|\sstyle\s*=", text), "styles go to static/css"
    assert "javascript:" not in text


def test_an_uploaded_page_is_not_shown_as_one(client, owner, project):
    from annotations.services.storage import original_path, original_place
    from tests.factories import make_acquisition

    acquisition = make_acquisition(project, name='a".html')
    acquisition.original = original_place(project.pk, acquisition.sha256)
    acquisition.save()
    original_path(acquisition).parent.mkdir(parents=True)
    original_path(acquisition).write_bytes(b"<html><script>alert(1)</script></html>")
    client.force_login(owner)
    answer = client.get(f"/api/v1/acquisitions/{acquisition.pk}/original/")
    assert b"".join(answer.streaming_content).startswith(b"<html>")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/no/such/page/", 404, "There is nothing here"),
        ("/projects/{}/members/invite/", 403, "Only managers"),
    ],
)
def test_an_error_page_helps(member_client, project, path, status, words):
    answer = member_client.post(path.format(project.pk), {"role": "viewer"})
    assert answer.status_code == status
    html = answer.content.decode()
    assert words in html
    assert "To your projects" in html
    assert "tokens.css" in html


def test_a_crash_page_needs_nothing_that_may_be_broken(member_client, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("annotations.views.account._page", broken)
    member_client.raise_request_exception = False
    answer = member_client.get("/account/")
    assert answer.status_code == 500
    html = answer.content.decode()
    assert "Something broke on our side" in html
    assert "secret" not in html


def test_every_icon_that_a_template_names_is_there():
    sprite = (settings.BASE_DIR / "static/img/icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    named = re.compile(r'parts/icon\.html" with name="([\w-]+)"')
    missing = {name for path in TEMPLATES for name in named.findall(path.read_text()) if name not in there}
    assert not missing, "copy them from lucide-static into static/img/icons.svg"
