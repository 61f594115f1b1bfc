"""Telling open pages that something changed. Only a hint: everything told is also readable by plain HTTP."""

import asyncio
import logging
import os
import threading
from functools import cache

from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)

PATIENCE_S = 2  # a Redis that does not answer holds up who saves for no longer


def group_name(project_id):
    return f"project-{project_id}"


def push(*, project_id, kind, payload):
    """Send `{"type": kind, **payload}` to the project's open pages once the transaction is committed.

    Never raises: a page that misses a hint reads the state again with the feed's next ping, which tells that
    something has moved (`feed_state`), or when its feed comes back.
    """
    message = {"type": "project.message", "message": {**payload, "type": kind}}
    transaction.on_commit(lambda: _send(group_name(project_id), message))


async def _send_in_time(group, message):
    async with asyncio.timeout(PATIENCE_S):
        await get_channel_layer().group_send(group, message)


@cache
def _loop(pid):
    """The event loop, in a thread of its own, on which this process tells pages.

    It keeps its connection: a worker tells several times a second, and a new one costs more than all else.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="notify", daemon=True).start()
    return loop


def _send(group, message):
    try:
        told = _send_in_time(group, message)
        asyncio.run_coroutine_threadsafe(told, _loop(os.getpid())).result()
    except Exception:
        # Redis being away must not undo what was just saved.
        logger.warning("Open pages were not told of %s.", message["message"]["type"], exc_info=True)
