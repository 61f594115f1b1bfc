"""Nothing drawn is lost: tab, whole browser, server and worker are killed at random moments."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Error

from annotations.models import Event, Particle
from annotations.services.layers import working_layer
from annotations.services.projection import replay, snapshot
from tests.browser.editor_page import EditorPage
from tests.factories import make_acquisition, make_label_class
from tests.stored import make_stored_frame

KILLS = 54
SEED = 20_261_123
SIDE = 1024
CELL_PX = 32  # each box has a cell of its own, so that every gesture can be told from every other
BOX_PX = 20
START_LIMIT_S = 40


class Servers:
    """A web server and a worker of this test's own, on the tests' database, to be killed at will."""

    def __init__(self, port):
        database = settings.DATABASES["default"]
        url = f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
        self.environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url,
                            "DJANGO_ALLOW_ASYNC_UNSAFE": ""}  # fmt: skip
        self.url = f"http://127.0.0.1:{port}"
        self.commands = {
            "web": ["uvicorn", "etemweb.asgi:application", "--port", str(port), "--log-level", "critical"],
            "worker": ["celery", "-A", "etemweb", "worker", "-Q", "io,cpu", "-c", "1", "-l", "CRITICAL"],
        }
        self.running = {}

    def start(self, name):
        command = [sys.executable, "-m", *self.commands[name]]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.running[name] = subprocess.Popen(command, env=self.environment, start_new_session=True, **quiet)

    def kill(self, name):
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_for_web(self):
        limit = time.monotonic() + START_LIMIT_S
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < limit, "The web server did not come back."
                time.sleep(0.1)


class Person:
    """Draws and moves boxes, each in a cell of its own, and remembers what was acknowledged."""

    def __init__(self, rng):
        self.rng = rng
        self.cells = [(x, y) for y in range(1, SIDE // CELL_PX - 1) for x in range(1, SIDE // CELL_PX - 1)]
        rng.shuffle(self.cells)
        self.kept = {}  # cell -> shifts of x that may be there: one if acknowledged, else both
        self.lost = set()  # cells whose drawing was never acknowledged: a box or none, never two

    def gesture(self, editor):
        movable = [cell for cell, shifts in self.kept.items() if shifts == {0}]
        if movable and self.rng.random() < 0.35:
            cell = self.rng.choice(movable)
            self.kept[cell] = {0, 10}
            x, y = (side * CELL_PX for side in cell)
            editor.drag((x + 10, y + 10), (x + 20, y + 10), modifier="Control")
            self._wait_kept(editor)
            self.kept[cell] = {10}
        else:
            cell = self.cells.pop()
            self.lost.add(cell)
            x, y = (side * CELL_PX for side in cell)
            editor.drag((x, y), (x + BOX_PX, y + BOX_PX))
            self._wait_kept(editor)
            self.lost.remove(cell)
            self.kept[cell] = {0}

    @staticmethod
    def _wait_kept(editor):
        """The moment from which the page promises that the edit is safe, saved or not."""
        wanted = editor.gestures + 1
        try:
            editor.page.wait_for_function(
                "(n) => Number(document.querySelector('#saved-state').dataset.kept) >= n", arg=wanted
            )
        except Error as error:
            state = editor.page.locator("#saved-state")
            told = f"{state.inner_text()}, kept {state.get_attribute('data-kept')} of {wanted} gestures"
            raise AssertionError(f"A gesture was not kept: {told}; {editor.troubles}") from error
        editor.gestures += 1

    def assert_all_there(self, particles):
        found = {}
        for particle in particles:
            cell = (round((particle.x - 5) / CELL_PX), round(particle.y / CELL_PX))
            found.setdefault(cell, []).append(particle)
        doubled = {cell for cell, boxes in found.items() if len(boxes) > 1}
        assert not doubled, f"drawn twice: {doubled}"
        missing = self.kept.keys() - found.keys()
        assert not missing, f"acknowledged, but lost: {missing}"
        unknown = found.keys() - self.kept.keys() - self.lost
        assert not unknown, f"never drawn: {unknown}"
        for cell, shifts in self.kept.items():
            x = found[cell][0].x - cell[0] * CELL_PX
            assert any(abs(x - shift) < 1.5 for shift in shifts), f"{cell} is at {x}, expected {shifts}"


def begin_and_crash(editor, person, rng):
    """A box whose end nobody waits for: it may be there or not, but not twice."""
    cell = person.cells.pop()
    person.lost.add(cell)
    x, y = (side * CELL_PX for side in cell)
    editor.drag((x, y), (x + BOX_PX, y + BOX_PX))
    time.sleep(rng.choice([0, 0.005, 0.02, 0.05]))


def kill_browser(profile):
    """SIGKILL for each process of the browser that has this profile: no time to write anything."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if str(profile).encode() in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)
    for lock in profile.glob("Singleton*"):
        lock.unlink()


@pytest.fixture
def servers(transactional_db, free_port):
    servers = Servers(free_port)
    servers.start("web")
    servers.start("worker")
    servers.wait_for_web()
    yield servers
    for name in list(servers.running):
        servers.kill(name)


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_no_edit_is_lost_in_fifty_kills(
    project, mia, servers, playwright, browser_type_launch_args, tmp_path, capsys
):
    rng = random.Random(SEED)
    make_label_class(project)
    frame = make_stored_frame(make_acquisition(project), np.full((SIDE, SIDE), 900, np.uint16))
    layer = working_layer(frame=frame)
    person, killed, context, editor = Person(rng), {}, None, None

    def open_browser():
        """The same profile each time: what the browser kept on the disk is all that it knows."""
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", viewport={"width": 1366, "height": 900}, **browser_type_launch_args
        )
        return context, open_tab(context)

    def open_tab(context):
        editor = EditorPage(context.new_page(), servers.url, frame).log_in(mia)
        editor.gestures = 0
        editor.page.set_default_timeout(30_000)
        editor.open()
        return editor

    context, editor = open_browser()
    for _ in range(KILLS):
        for _gesture in range(rng.randint(1, 3)):
            person.gesture(editor)
        victim = rng.choices(["tab", "browser", "web", "worker"], [6, 2, 3, 2])[0]
        killed[victim] = killed.get(victim, 0) + 1
        if victim == "worker":
            servers.kill("worker")
            servers.start("worker")
        elif victim == "web":
            servers.kill("web")
            person.gesture(editor)  # drawn while there is no server
            servers.start("web")
            if rng.random() < 0.5:
                person.gesture(editor)
            servers.wait_for_web()
        elif victim == "tab":
            if rng.random() < 0.5:
                begin_and_crash(editor, person, rng)
            with contextlib.suppress(Error):  # it crashes, as it should
                editor.page.goto("chrome://crash", timeout=1500)
            editor.page.close()
            editor = open_tab(context)
        else:
            begin_and_crash(editor, person, rng)
            kill_browser(tmp_path / "profile")
            with contextlib.suppress(Error):  # gone already
                context.close()
            context, editor = open_browser()
    editor.wait_saved()
    particles = list(Particle.objects.filter(layer=layer))
    person.assert_all_there(particles)
    events = Event.objects.filter(layer=layer).order_by("sequence")
    assert replay(events) == {p.id: (p.version, snapshot(p)) for p in particles}
    assert sum(killed.values()) == KILLS
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills ({killed}): {len(particles)} boxes, {len(events)} edits, none lost\n"
        )
    context.close()
