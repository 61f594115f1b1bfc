"""One shape for every error of the API: {"code", "detail", "errors"} (docs/api.md)."""

from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig
from django.core.exceptions import ValidationError as DomainError
from django.db import DataError, IntegrityError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler, set_rollback

NOT_FOUND = "There is nothing here, or you may not see it."
ABOUT_ALL = api_settings.NON_FIELD_ERRORS_KEY

# What is said where a view, the framework or the server refuses without words of its own.
SENTENCES = {
    400: ("invalid", "The request could not be understood."),
    401: ("not_authenticated", "Log in, or send an API token: “Authorization: Bearer <token>”."),
    403: ("permission_denied", "Your role in this project does not allow this."),
    404: ("not_found", NOT_FOUND),
    405: ("method_not_allowed", "This address does not know that method."),
    406: ("not_acceptable", "This address cannot answer in the format asked for."),
    409: ("conflict", "This clashes with what is stored; load it again and retry."),
    413: ("too_large", "The request is larger than this site takes."),
    415: ("unsupported_media_type", "This address cannot read that content type."),
    429: ("throttled", "Too many requests; wait a little and retry."),
    500: ("error", "Something broke on our side. It has been logged; please try again."),
    503: ("unavailable", "The site is busy or being updated; try again in a moment."),
}


def problem(status_code, *, detail="", code="", errors=None):
    """The body of an error."""
    known_code, sentence = SENTENCES.get(status_code, SENTENCES[400 if status_code < 500 else 500])
    return {"code": code or known_code, "detail": detail or sentence, "errors": errors or {}}


def handle(exception, context):
    """DRF's exception handler. What it does not know goes on to the server's log and becomes a 500."""
    if isinstance(exception, DomainError):
        return _answer(400, _of_domain_error(exception))
    if isinstance(exception, IntegrityError):
        return _answer(409, problem(409))
    if isinstance(exception, DataError):
        return _answer(
            400, problem(400, detail="A number is too large, or a text has a forbidden character.")
        )
    if isinstance(exception, RequestDataTooBig):
        return _answer(413, problem(413))
    if isinstance(exception, Http404):
        # Its own text names model and query: of no use to the reader.
        exception = exceptions.NotFound(NOT_FOUND)
    response = exception_handler(exception, context)
    if response is not None:
        response.data = _of_api_exception(exception, response)
    return response


def _answer(status_code, body):
    set_rollback()
    return Response(body, status=status_code)


def _of_domain_error(exception):
    if hasattr(exception, "error_dict"):
        errors = dict(exception.message_dict)
        if NON_FIELD_ERRORS in errors:
            errors[ABOUT_ALL] = errors.pop(NON_FIELD_ERRORS)
    else:
        errors = {ABOUT_ALL: exception.messages}
    return problem(400, detail=_first_sentence(errors), errors=errors)


def _of_api_exception(exception, response):
    if isinstance(exception, exceptions.ValidationError):
        errors = _flat(exception.detail)
        return problem(400, detail=_first_sentence(errors), errors=errors)
    if response.status_code == status.HTTP_401_UNAUTHORIZED:
        wrong = isinstance(exception, exceptions.AuthenticationFailed)
        return problem(401, detail=str(exception.detail) if wrong else "")
    if response.status_code == status.HTTP_403_FORBIDDEN:
        own_words = exception.args[0] if exception.args else getattr(exception, "detail", "")
        code = getattr(exception, "default_code", "")
        return problem(403, detail=str(own_words), code=code)
    return problem(response.status_code, detail=str(exception.detail), code=exception.get_codes())


def _flat(detail, prefix=""):
    """DRF nests errors as its serializers nest; here a path `boxes.0.width` names the field."""
    if isinstance(detail, dict):
        parts = detail.items()
    elif any(isinstance(part, dict | list) for part in detail):
        parts = enumerate(detail)
    else:
        return {prefix or ABOUT_ALL: [str(message) for message in detail]}
    errors = {}
    for key, part in parts:
        path = prefix if key == ABOUT_ALL and prefix else f"{prefix}.{key}" if prefix else str(key)
        errors |= _flat(part if isinstance(part, dict | list) else [part], path)
    return errors


def _first_sentence(errors):
    """The error a person reads first; a field's message says which field, unless it already speaks of all."""
    for field, messages in errors.items():
        for message in messages:
            return message if field == ABOUT_ALL else f"{field}: {message}"
    return ""
