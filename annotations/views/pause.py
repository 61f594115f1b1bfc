"""The pause after too many failed log-ins, as an answer."""

from functools import wraps

from django.core.exceptions import NON_FIELD_ERRORS

from annotations.services.log_in import PAUSE_S


def with_pause(view):
    """A log-in view whose refusal for the pause is a 429: programs that guess understand no sentence."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if form is not None and form.has_error(NON_FIELD_ERRORS, "throttled"):
            response.status_code = 429
            response["Retry-After"] = str(PAUSE_S)
        return response

    return wrapped
