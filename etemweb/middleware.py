"""Two rules that hold for the whole site and belong to no view."""

import json

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import JsonResponse

from annotations.api.errors import problem


def is_api(request):
    return request.path_info.startswith("/api/")


class LogInMiddleware(LoginRequiredMiddleware):
    """Pages send the anonymous to the log-in; the API answers 401, for no program can fill in a form."""

    def handle_no_permission(self, request, view_func):
        if is_api(request):
            return JsonResponse(problem(401), status=401, headers={"WWW-Authenticate": "Bearer"})
        return super().handle_no_permission(request, view_func)


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
