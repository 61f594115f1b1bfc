"""Static files as browsers get them, from the application that the web server runs."""

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from etemweb.static_files import with_static_files

CSS = settings.BASE_DIR / "static/css/base.css"
CSS_URL = f"{settings.STATIC_URL}css/base.css"


async def behind(scope, receive, send):
    """Stands for the site: says that it was asked."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"site"})


async def ask(path, method="GET", application=None, **headers):
    """(status, headers, body) of one request."""
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": sent}
    line = ApplicationCommunicator(application or with_static_files(behind), scope)
    await line.send_input({"type": "http.request", "body": b""})
    start, body, is_more = await line.receive_output(), b"", True
    while is_more:
        part = await line.receive_output()
        body, is_more = body + part.get("body", b""), part.get("more_body", False)
    await line.wait()
    return start["status"], {k.decode().lower(): v.decode() for k, v in start["headers"]}, body


async def test_a_file_comes_whole_and_is_kept_for_ever():
    status, headers, body = await ask(CSS_URL)
    assert (status, body) == (200, CSS.read_bytes())
    assert headers["content-type"] == 'text/css; charset="utf-8"'
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert int(headers["content-length"]) == len(body)
    assert "access-control-allow-origin" not in headers


async def test_the_application_of_the_web_server_serves_them():
    from etemweb.asgi import application

    for path in (
        CSS_URL,
        f"{settings.STATIC_URL}plotly/plotly.min.js",
        f"{settings.STATIC_URL}admin/css/base.css",
    ):
        status, headers, body = await ask(path, application=application)
        assert status == 200
        assert int(headers["content-length"]) == len(body) > 0


async def test_what_the_browser_has_is_not_sent_again():
    _, headers, _ = await ask(CSS_URL)
    status, _, body = await ask(CSS_URL, if_modified_since=headers["last-modified"])
    assert (status, body) == (304, b"")


async def test_a_head_has_no_body_and_a_range_is_a_part():
    status, headers, body = await ask(CSS_URL, method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) == CSS.stat().st_size
    status, _, body = await ask(CSS_URL, range="bytes=10-19")
    assert (status, body) == (206, CSS.read_bytes()[10:20])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"{settings.STATIC_URL}no-such-file.css",
        f"{settings.STATIC_URL}css/../../manage.py",
        f"{settings.STATIC_URL}css",
        "/static/another-release/css/base.css",
    ],
)
async def test_all_else_is_the_sites(path):
    assert await ask(path) == (299, {}, b"site")


async def test_while_developing_a_changed_file_is_seen_at_once(settings, tmp_path):
    (tmp_path / "new.css").write_text("a {}")
    settings.DEBUG, settings.STATICFILES_DIRS = True, [tmp_path]
    from django.contrib.staticfiles.finders import get_finder

    get_finder.cache_clear()
    try:
        application = with_static_files(behind)
        path = f"{settings.STATIC_URL}new.css"
        assert (await ask(path, application=application))[2] == b"a {}"
        (tmp_path / "new.css").write_text("b { color: red }")
        status, headers, body = await ask(path, application=application)
        assert (status, body, headers["cache-control"]) == (200, b"b { color: red }", "max-age=0, public")
    finally:
        get_finder.cache_clear()
