"""What a task's log lines belong to: the request that caused it, and the rows that its arguments name.

Imported with the Celery application, so that it holds in workers, in the beat and where tasks are queued.
"""

import inspect
import logging
import logging.config
import os
from functools import cache

from celery import signals

from etemweb import logs

HEADER = "etem_belongs_to"
HANDED_ON = ("request_id", "user", "run", "project")
OUR_LEVEL = "ETEM_LOG_LEVEL"
# A task's arguments are keys only, and these say of what.
ROWS = {"run_pk": "run", "project_pk": "project", "acquisition_pk": "acquisition", "chunk_pk": "chunk"}


@signals.before_task_publish.connect
def hand_on(headers=None, **signal):
    if headers is not None:
        known = logs.current()
        headers[HEADER] = {name: known[name] for name in HANDED_ON if name in known}


@signals.task_prerun.connect
def begin(task_id=None, task=None, args=(), kwargs=None, **signal):
    handed = getattr(task.request, HEADER, None) or (task.request.headers or {}).get(HEADER) or {}
    logs.clear()
    named = {ROWS[name]: value for name, value in _named(task, args, kwargs or {}).items() if name in ROWS}
    logs.belongs_to(**{**handed, **named, "task": task.name, "task_id": task_id})


@signals.task_postrun.connect
def end(**signal):
    logs.clear()


@cache
def _parameters(task):
    return tuple(inspect.signature(task.run).parameters)


def _named(task, args, kwargs):
    return {**dict(zip(_parameters(task), args, strict=False)), **kwargs}


@signals.setup_logging.connect
def use_our_logging(loglevel=None, **signal):
    """Celery would replace the handlers; its --loglevel counts where ours is not set."""
    from django.conf import settings  # not before Django is set up

    logging.config.dictConfig(settings.LOGGING)
    if loglevel is not None and OUR_LEVEL not in os.environ:
        logging.getLogger().setLevel(loglevel)
