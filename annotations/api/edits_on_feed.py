"""Edits over the live feed: the view that answers them over HTTP, without a request's headers each time."""

import io
import json
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest

from annotations.api.authentication import PAGE_USER_HEADER
from annotations.api.edits import EditsView

MAX_NUMBER = 2**53  # whole numbers of JavaScript


def answer_to(scope, text):
    """Answer `{"ask": n, "layer": id, "user": id, "edits": [...]}` with `{"answer": n, "status", "body"}`.

    What is no such question gets None. Who may do what is asked anew for each: the session is read again, so
    that neither a log-out nor a changed password nor a lost role waits for the feed to close.
    """
    question = _read(text)
    if question is None:
        return None
    body = json.dumps({"edits": question["edits"]}).encode()
    response = EditsView.as_view()(_request(scope, question, body), pk=question["layer"])
    told = response.render().content.decode()
    return f'{{"answer":{question["ask"]},"status":{response.status_code},"body":{told}}}'


def _read(text):
    try:
        question = json.loads(text)
        numbers = [question["ask"], question["layer"], question["user"]]
        question["edits"]  # the view says what is wrong with them
    except (TypeError, ValueError, KeyError):
        return None
    return question if all(type(one) is int and 0 < one < MAX_NUMBER for one in numbers) else None


def _request(scope, question, body):
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        PAGE_USER_HEADER.lower(): str(question["user"]),
    }
    sent = {
        "type": "http", "method": "POST", "path": f"/api/v1/layers/{question['layer']}/edits/",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    request = ASGIRequest(sent, io.BytesIO(body))
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(scope["session"].session_key)
    request.user = get_user(request)
    # No other site's page can ask: the handshake was held to this site's own origin (etemweb/asgi.py).
    request._dont_enforce_csrf_checks = True
    return request
