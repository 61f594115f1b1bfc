"""Log lines that say what they belong to: request, person (by number), run, project and task.

What a line belongs to is kept in a context variable, which follows a request through its threads and a task
through its calls. A process that is started for a run is handed it by the environment (`for_child`).
"""

import contextvars
import json
import logging
import os
import re
import secrets
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime

from django.utils.functional import LazyObject

CHILD_CONTEXT = "_ETEM_BELONGS_TO"  # ours to hand on, nobody's to set
NAMES = ("request_id", "user", "run", "project", "task", "task_id")
# What may stand in a log as somebody else's word for a request: nothing that could be read as another line.
REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def _inherited():
    try:
        given = json.loads(os.environ.get(CHILD_CONTEXT, "{}"))
    except ValueError:
        return {}
    return {name: given[name] for name in NAMES if name in given} if isinstance(given, dict) else {}


_context = contextvars.ContextVar("etem_log_context", default=_inherited())  # noqa: B039 - never changed
_request = contextvars.ContextVar("etem_request", default=None)


def belongs_to(**words):
    """From here on, in this task or request, lines belong to these: `run=7, project=3`."""
    _context.set({**_context.get(), **words})


@contextmanager
def belonging_to(*, request=None, **words):
    """The same for the block alone, on a clean slate."""
    before, asked = _context.set(words), _request.set(request)
    try:
        yield
    finally:
        _context.reset(before)
        _request.reset(asked)


def clear():
    _context.set(_inherited())


def current():
    """What a line written now belongs to."""
    known = dict(_context.get())
    if (user := _user_of(_request.get())) is not None:
        known["user"] = user
    return known


def _user_of(request):
    """The number of who asks, if that is known by now: to write a line must ask the database nothing."""
    if request is None:
        return None
    user = vars(request).get("user")
    if isinstance(user, LazyObject):  # of the session: kept here once it was fetched
        user = vars(request).get("_cached_user")
    return getattr(user, "pk", None)


def for_child():
    """What to add to the environment of a process that is started for the same work."""
    return {CHILD_CONTEXT: json.dumps(current())}


def request_id(given=""):
    """The request's own id if a proxy gave it one, else a new one."""
    return given if given and REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


class Belonging(logging.Filter):
    """Notes on every record what it belongs to, in the thread that wrote it."""

    def filter(self, record):
        record.belongs_to = current()
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record):
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **getattr(record, "belongs_to", {}),
            **getattr(record, "more", {}),
        }
        if record.exc_info:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def settings(kind, level):
    """Django's LOGGING for `kind` “text” or “json”."""
    formatters = {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "etemweb.logs.JsonLines"},
    }
    handler = {"class": "logging.StreamHandler", "formatter": kind, "filters": ["belonging"]}
    ours = {name: {"handlers": [], "propagate": True} for name in ("uvicorn", "uvicorn.access")}
    ours["uvicorn.access"]["level"] = "WARNING"  # etemweb.requests says it, by the route
    # What readers find odd in a file's header; what becomes of the file is said in a sentence.
    ours |= {name: {"level": "CRITICAL"} for name in ("tifffile", "rsciio", "PIL")}
    ours["etemweb.requests"] = {"level": "INFO" if kind == "json" else "WARNING"}
    # At INFO it tells every answer of the storage, and where its credentials were found.
    ours |= {name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"belonging": {"()": "etemweb.logs.Belonging"}},
        "formatters": formatters,
        "handlers": {"console": handler},
        "root": {"handlers": ["console"], "level": level},
        "loggers": ours,
    }
