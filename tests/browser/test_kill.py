"""Nothing drawn is lost: tab, whole browser, server and worker are killed at random moments."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Error

from annotations.models import Event, Particle
from annotations.services.layers import working_layer
from annotations.services.projection import replay, snapshot
from mlcore.services.requeue import requeue_lost_runs
from tests.browser.editor_page import EditorPage
from tests.factories import make_acquisition, make_label_class
from tests.processes import environment
from tests.stored import make_stored_frame

KILLS = 54
SEED = 20_261_123
SIDE = 1024
CELL_PX = 32  # each box has a cell of its own, so that every gesture can be told from every other
BOX_PX = 20
START_LIMIT_S = 60
SENT_LIMIT_MS = 60_000


class Servers:
    """A web server and a worker of this test's own, on the tests' database, to be killed at will."""

    def __init__(self, port):
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "tests.browser.spawner"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.spawner = subprocess.Popen(command, env=environment(), **pipes)
        assert self.spawner.stdout.readline() == "ready\n"
        self.running = {}

    def _ask(self, line):
        print(line, file=self.spawner.stdin, flush=True)
        return int(self.spawner.stdout.readline())

    def start(self, name):
        self.running[name] = self._ask(f"web {self.port}" if name == "web" else "worker")

    def kill(self, name):
        self._ask(f"kill {self.running.pop(name)}")

    def wait_for_web(self):
        limit = time.monotonic() + START_LIMIT_S
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < limit, "The web server did not come back."
                time.sleep(0.02)

    def stop(self):
        self.spawner.communicate(timeout=30)  # the end of its input is the end of all


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
            self.is_kept(cell)

    def is_kept(self, cell):
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


def begin(editor, person, rng):
    """A box whose end nobody waits for: if the tab dies it may be there or not, but not twice."""
    cell = person.cells.pop()
    person.lost.add(cell)
    x, y = (side * CELL_PX for side in cell)
    editor.drag((x, y), (x + BOX_PX, y + BOX_PX))
    time.sleep(rng.choice([0, 0.005, 0.02, 0.05]))
    return cell


def kill_browser(profile, *, only=""):
    """SIGKILL for the processes of the browser that has this profile: no time to write anything."""
    main = [pid for pid, command in processes() if f"--user-data-dir={profile}" in command]
    groups = {os.getpgid(pid) for pid in main}
    for pid, command in processes():
        with contextlib.suppress(ProcessLookupError):
            if only in command and os.getpgid(pid) in groups:
                os.kill(pid, signal.SIGKILL)
    if not only:
        for lock in profile.glob("Singleton*"):
            lock.unlink()


def processes():
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            yield int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.fixture
def servers(transactional_db):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    servers = Servers(port)
    servers.start("web")
    servers.start("worker")
    servers.wait_for_web()
    yield servers
    servers.stop()


@pytest.mark.slow
def test_no_edit_is_lost_in_fifty_kills(
    project, mia, servers, playwright, browser_type_launch_args, tmp_path, capsys
):
    rng = random.Random(SEED)
    make_label_class(project)
    image = np.random.default_rng(SEED).normal(900, 40, (SIDE, SIDE)).astype(np.uint16)
    frame = make_stored_frame(make_acquisition(project), image)
    layer = working_layer(frame=frame)
    person, killed, profile = Person(rng), {}, tmp_path / "profile"

    def open_browser():
        """The same profile each time: what the browser kept on the disk is all that it knows."""
        context = playwright.chromium.launch_persistent_context(
            profile, viewport={"width": 1366, "height": 900}, **browser_type_launch_args
        )
        return context, open_tab(context)

    def open_tab(context):
        editor = EditorPage(context.new_page(), servers.url, frame).log_in(mia)
        editor.gestures = 0  # since the page was loaded
        editor.page.set_default_timeout(30_000)
        editor.open()
        return editor

    context, editor = open_browser()
    for _ in range(KILLS):
        for _gesture in range(rng.randint(1, 3)):
            person.gesture(editor)
        victim = rng.choices(["tab", "browser", "web", "worker"], [6, 2, 4, 2])[0]
        killed[victim] = killed.get(victim, 0) + 1
        if victim == "worker":
            find = editor.page.locator("#find-particles")
            if find.is_enabled():  # else the search before goes on
                find.click()
            time.sleep(rng.choice([0, 0.1, 0.4]))
            servers.kill("worker")
            servers.start("worker")
            requeue_lost_runs()
        elif victim == "web":
            cell = begin(editor, person, rng)
            servers.kill("web")
            editor.gestures += 1
            person.gesture(editor)  # drawn while there is no server
            person.is_kept(cell)
            servers.start("web")
            if rng.random() < 0.5:
                person.gesture(editor)
            servers.wait_for_web()
        else:
            begin(editor, person, rng)
            if victim == "tab":
                kill_browser(profile, only="--type=renderer")
                editor.page.close()
                editor = open_tab(context)
            else:
                kill_browser(profile)
                with contextlib.suppress(Error):  # gone already
                    context.close()
                context, editor = open_browser()
    editor.wait_saved(limit_ms=SENT_LIMIT_MS)
    particles = list(Particle.objects.filter(layer=layer))
    person.assert_all_there(particles)
    events = Event.objects.filter(layer=layer).order_by("sequence")
    assert replay(events) == {p.id: (p.version, snapshot(p)) for p in particles}
    assert sum(killed.values()) == KILLS
    assert not editor.troubles
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills ({killed}): {len(particles)} boxes, {len(events)} edits, none lost\n"
        )
    context.close()
