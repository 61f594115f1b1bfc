"""Who works: each worker notes itself in the cache's server every few seconds, and so does the clock (beat).

A note, not a promise: what is lost with the cache comes back with the next one.
"""

import hashlib
import json
import logging
import os
import platform
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import redis
from celery import signals
from django.conf import settings

import etemweb
from etemweb.broker import connect

logger = logging.getLogger(__name__)

WORKERS, BEAT = "etem:workers", "etem:beat"
EVERY_S, FORGOTTEN_AFTER_S = 10, 60
CODE = ("annotations", "mlcore", "analysis", "etemweb")
NICE, AUTOGROUP = 10, Path("/proc/self/autogroup")
_noting = {}


@cache
def code_version():
    """The release and a hash of the code: two machines that differ here run different programs."""
    seen = hashlib.sha256()
    for folder in CODE:
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py")):
            seen.update(f"{path.relative_to(settings.BASE_DIR)}\0".encode() + path.read_bytes())
    return f"{etemweb.__version__}+{seen.hexdigest()[:10]}"


@cache
def gpus():
    """Names, memory and drivers of NVIDIA GPUs, as the driver's own program tells them."""
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in said.splitlines() if line.strip()]


def _now(server):
    seconds, microseconds = server.time()  # the server's clock: one for all machines
    return seconds + microseconds / 1e6


def seen():
    """Workers heard of within the last minute, by name."""
    with connect(settings.CACHE_URL) as server:
        now, found = _now(server), []
        for note in server.hvals(WORKERS):
            one = json.loads(note)
            one["age_s"] = now - one["at"]
            if one["age_s"] < FORGOTTEN_AFTER_S:
                found.append(one)
            else:
                server.hdel(WORKERS, one["name"])
    return sorted(found, key=lambda one: one["name"])


def beat_age_s():
    """Seconds since the clock sent a task; None where it never did, or the cache was emptied since."""
    with connect(settings.CACHE_URL) as server:
        at = server.get(BEAT)
        return None if at is None else max(0.0, _now(server) - float(at))


def _note_for_ever(state, stopped):
    is_known_away = False
    while not stopped.wait(0 if "at" not in state else EVERY_S):
        try:
            with connect(settings.CACHE_URL) as server:
                state["at"] = _now(server)
                server.hset(WORKERS, state["name"], json.dumps({**state, "here_at": time.time()}))
            is_known_away = False
        except (redis.RedisError, OSError):
            state.setdefault("at", 0)
            if not is_known_away:
                logger.warning("The cache's server does not answer: this worker cannot say that it lives.")
            is_known_away = True


@signals.worker_init.connect
def yield_to_pages(**signal):
    """Pages come first where a worker shares their machine; on one of its own this changes nothing."""
    os.nice(NICE)
    # Linux weighs whole sessions against each other, and `nice` counts within one: ours is told too.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICE))


@signals.worker_ready.connect
def note_this_worker(sender=None, **signal):
    controller = sender.controller
    state = {
        "name": controller.hostname,
        "pid": os.getpid(),
        "host": platform.node(),
        "queues": sorted(sender.app.amqp.queues.consume_from),
        "processes": controller.concurrency,
        "version": code_version(),
        "gpus": gpus(),
        "torch": _version("torch"),
    }
    _noting["stopped"] = threading.Event()
    threading.Thread(target=_note_for_ever, args=(state, _noting["stopped"]), daemon=True).start()
    _noting["name"] = state["name"]


@signals.worker_shutting_down.connect
def forget_this_worker(**signal):
    if "name" in _noting:
        _noting["stopped"].set()
        with suppress(redis.RedisError, OSError), connect(settings.CACHE_URL) as server:
            server.hdel(WORKERS, _noting["name"])


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@signals.beat_init.connect
@signals.beat_embedded_init.connect
def note_the_clock(**signal):
    signals.after_task_publish.connect(_note_beat, weak=False)


def _note_beat(**signal):
    with suppress(redis.RedisError, OSError), connect(settings.CACHE_URL) as server:
        server.set(BEAT, _now(server))
