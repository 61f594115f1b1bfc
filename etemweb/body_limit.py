"""A limit to the body of a request, while it comes in: Django stores it whole before a view may refuse it."""

import errno
import json

DISK_FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT}

DISK_FULL = "The server's disk is full; free some space there, then retry."


class TooLargeError(Exception):
    pass


class BodyLimit:
    """ASGI middleware. `limits` maps a beginning of the path to bytes; the first that fits counts."""

    def __init__(self, app, limits):
        self.app = app
        self.limits = limits

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next(size for start, size in self.limits.items() if scope["path"].startswith(start))
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(send, 413, "too_large", _too_large(limit))
            return
        received = 0
        has_answered = False

        async def counted_receive():
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:  # a body without a declared length
                raise TooLargeError
            return message

        async def watched_send(message):
            nonlocal has_answered
            has_answered = True
            await send(message)

        try:
            await self.app(scope, counted_receive, watched_send)
        except TooLargeError:
            await _refuse(send, 413, "too_large", _too_large(limit))
        except OSError as error:
            if has_answered or error.errno not in DISK_FULL_ERRORS:
                raise
            await _refuse(send, 507, "disk_full", DISK_FULL)


def _too_large(limit):
    return f"One request may have {limit:,} bytes; send a bigger file in parts (tus 1.0, /api/v1/uploads/)."


async def _refuse(send, status, code, sentence):
    body = json.dumps({"code": code, "detail": sentence, "errors": {}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    # What is still coming is not read: the connection cannot be used again.
    headers += [(b"tus-resumable", b"1.0.0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
