"""Rules that hold for the whole site and belong to no view."""

import json
import posixpath

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import Resolver404, resolve

from annotations.api.errors import problem
from etemweb.proxy import path_of_own, socket_origin

SAFE = {"GET", "HEAD", "OPTIONS"}


def is_api(request):
    return request.path_info.startswith("/api/")


class LogInMiddleware(LoginRequiredMiddleware):
    """Pages send the anonymous to the log-in; the API answers 401, for no program can fill in a form."""

    def handle_no_permission(self, request, view_func):
        if is_api(request):
            return JsonResponse(problem(401), status=401, headers={"WWW-Authenticate": "Bearer"})
        if request.method in SAFE:
            return super().handle_no_permission(request, view_func)
        # What was sent is not kept, and its address may take nothing but a form: back to the form's page.
        page = path_of_own(request, request.headers.get("Referer")) or page_above(request.path_info)
        messages.warning(request, "You are not logged in: nothing was changed. Log in and send it again.")
        return redirect_to_login(page, resolve_url(self.get_login_url(view_func)))


class MethodMiddleware:
    """A page where an address takes only forms and is opened like a page; after a log-in, the page above."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code != 405 or is_api(request):
            return response
        above = page_above(request.path_info)
        came_from = path_of_own(request, request.headers.get("Referer"))
        if request.method in SAFE and came_from.startswith(resolve_url("login")):
            return redirect(above)
        back = came_from if came_from not in {"", request.get_full_path()} else above
        page = render(request, "405.html", {"back": back}, status=405)
        page["Allow"] = response["Allow"]
        return page


class SocketPolicyMiddleware:
    """Scripts may open this site's own socket; not every browser counts that as 'self'."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html") and response.status_code != 400:
            wanted = getattr(response, "_csp_update", None) or {}
            response._csp_update = {**wanted, "connect-src": [socket_origin(request)]}
        return response


class ApiErrorMiddleware:
    """Errors below /api/ that did not pass DRF (plain views, unknown addresses, crashes) in its shape."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code < 400 or response.streaming or not is_api(request):
            return response
        if not response.get("Content-Type", "").startswith("application/json"):
            response.content = json.dumps(problem(response.status_code))
            response["Content-Type"] = "application/json"
            response["Content-Length"] = str(len(response.content))
        return response


def page_above(path):
    """The nearest address above this one that the site knows: of “…/tokens/7/revoke/” that of the tokens."""
    while path != "/":
        path = posixpath.join(posixpath.dirname(path.rstrip("/")), "")
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return "/"
