"""Bodies are refused while they come in, before anything of them is stored."""

import errno
import json

import pytest

from etemweb.body_limit import BodyLimit


async def answer_to(app, *, path="/", headers=(), parts=(b"",), limits=None):
    """The status and the words of the answer, and how many parts were asked for."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    n_parts, sent = len(waiting), []

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": list(headers)}
    await BodyLimit(app, limits or {"/api/": 100, "": 10})(scope, receive, send)
    body = sent[1]["body"]
    return sent[0]["status"], json.loads(body) if body else None, n_parts - len(waiting)


async def reads_all(scope, receive, send):
    for _ in range(3):
        await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_a_declared_length_over_the_limit_is_413_without_reading():
    status, told, n_read = await answer_to(reads_all, headers=[(b"content-length", b"11")])
    assert (status, told["code"], n_read) == (413, "too_large", 0)


async def test_an_undeclared_length_is_counted():
    status, _, n_read = await answer_to(reads_all, parts=[b"1" * 6, b"1" * 6, b"1" * 6])
    assert (status, n_read) == (413, 2)


@pytest.mark.parametrize(("path", "status"), [("/api/v1/x", 200), ("/accounts/login/", 413)])
async def test_each_path_has_its_limit(path, status):
    assert (await answer_to(reads_all, path=path, parts=[b"1" * 30] * 3))[0] == status


async def test_a_full_disk_is_507():
    async def full(scope, receive, send):
        raise OSError(errno.ENOSPC, "No space left on device")

    status, told, _ = await answer_to(full)
    assert (status, told["code"]) == (507, "disk_full")


async def test_other_errors_are_left_to_others():
    async def broken(scope, receive, send):
        raise PermissionError(errno.EACCES, "no")

    with pytest.raises(PermissionError):
        await answer_to(broken)
