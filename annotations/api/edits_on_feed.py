"""Edits over the live feed: the view that answers them over HTTP, without a request's headers each time."""

import io
import json
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest

from annotations.api.authentication import PAGE_USER_HEADER
from annotations.api.edits import EditsView
from annotations.api.errors import problem

MAX_NUMBER = 2**53  # whole numbers of JavaScript


def answer_to(scope, text):
    """Answer `{"ask": n, "layer": id, "user": id, "edits": [...]}` with `{"answer": n, "status", "body"}`.

    What is no such question gets None. Who may do what is asked anew for each: the session is read again, so
    that neither a log-out nor a changed password nor a lost role waits for the feed to close.
    """
    question = _read(text)
    if question is None:
        return None
    request = _request(scope, question, json.dumps({"edits": question["edits"]}).encode())
    if _is_own_page(request):
        response = EditsView.as_view()(request, pk=question["layer"])
        status, told = response.status_code, response.render().content.decode()
    else:
        status, told = 401, json.dumps(problem(401))
    return f'{{"answer":{question["ask"]},"status":{status},"body":{told}}}'


def _is_own_page(request):
    """Whether this site's own page opened the feed: what Django's CSRF check asks of a request's Origin.

    Hosts alone are compared at the handshake; a cookie reaches every port of a host.
    """
    own = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("origin") in {own, *settings.CSRF_TRUSTED_ORIGINS}


def _read(text):
    try:
        question = json.loads(text)
        numbers = [question["ask"], question["layer"], question["user"]]
        question["edits"]  # the view says what is wrong with them
    except (TypeError, ValueError, KeyError):
        return None
    return question if all(type(one) is int and 0 < one < MAX_NUMBER for one in numbers) else None


def _request(scope, question, body):
    own = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        PAGE_USER_HEADER.lower(): str(question["user"]),
    }
    added = {name.encode(): value.encode() for name, value in own.items()}
    sent = {
        "type": "http", "method": "POST", "path": f"/api/v1/layers/{question['layer']}/edits/",
        "scheme": {"wss": "https"}.get(scope.get("scheme"), "http"),
        "headers": [*(pair for pair in scope["headers"] if pair[0] not in added), *added.items()],
    }  # fmt: skip
    request = ASGIRequest(sent, io.BytesIO(body))
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(scope["session"].session_key)
    request.user = get_user(request)
    request._dont_enforce_csrf_checks = True  # `_is_own_page` is asked instead: a message has no token
    return request
