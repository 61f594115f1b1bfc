"""`./etem up` as a person meets it: start, stop, start again, and everything that may be killed meanwhile."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from etemweb.embedded import postgres, valkey
from tests.servers import remove

ROOT = Path(__file__).parents[2]
START_LIMIT_S, STOP_LIMIT_S = 120, 30
OURS = {"DATABASE_URL", "REDIS_URL", "ETEM_DATA_DIR", "DJANGO_SETTINGS_MODULE"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OURS}

pytestmark = [pytest.mark.launcher, pytest.mark.slow]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def status(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=30) as page:
            return page.status
    except (urllib.error.URLError, OSError):
        return None


def await_true(what, limit_s):
    limit = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < limit, f"not within {limit_s} s"
        time.sleep(0.1)


class Up:
    """One `./etem up`, its output kept in a file."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.output = folder.parent / f"output-{time.monotonic_ns()}"
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [ROOT / "etem", "up", "--port", str(port), "--data", folder],
                stdout=file, stderr=file, env=ENVIRONMENT, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self):
        return self.output.read_text()

    def await_said(self, text, limit_s=START_LIMIT_S):
        await_true(lambda: text in self.said or self.process.poll() is not None, limit_s)
        assert text in self.said, self.said
        return self

    def await_start(self):
        return self.await_said("etemweb is at")

    def stop(self, sign=signal.SIGINT):
        # To the whole group, as a terminal's Ctrl-C.
        os.killpg(self.process.pid, sign)
        return self.process.wait(STOP_LIMIT_S)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up") / "data"
    yield folder
    remove(folder)


@pytest.fixture
def up(place):
    started = []

    def up():
        started.append(Up(place, free_port()).await_start())
        return started[-1]

    yield up
    for one in started:
        if one.process.poll() is None:
            one.stop(signal.SIGTERM)


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ") for child in found}


def child_named(up, word):
    return next(pid for pid, command in children(up.process.pid).items() if f"child {word}" in command)


def test_it_starts_says_where_and_stops_on_ctrl_c(up, place):
    site = up()
    assert status(site.port) == 200
    assert f"http://127.0.0.1:{site.port}/" in site.said
    assert re.search(r"demo-owner +\w{12}\n +demo-annotator +\w{12}\n", site.said)
    assert (place / "demo-logins.txt").stat().st_mode & 0o077 == 0
    started = time.monotonic()
    assert site.stop() == 0
    assert time.monotonic() - started < 15
    assert status(site.port) is None
    assert not postgres.is_running(place)
    assert not valkey.is_running(place)


def test_it_starts_again_with_the_data_kept(up):
    first = up()
    logins = first.said.partition("Demo log-ins")[2]
    os.killpg(first.process.pid, signal.SIGINT)
    os.killpg(first.process.pid, signal.SIGINT)  # an impatient second Ctrl-C
    assert first.process.wait(STOP_LIMIT_S) == 0
    assert "Traceback" not in first.said
    second = up()
    assert logins.splitlines()[1:4] == second.said.partition("Demo log-ins")[2].splitlines()[1:4]
    assert second.stop(signal.SIGTERM) == 0


def test_a_second_start_on_the_same_data_is_refused(up, place):
    first = up()
    second = Up(place, free_port())
    assert second.process.wait(STOP_LIMIT_S) == 1
    assert "is running" in second.said
    assert f"http://127.0.0.1:{first.port}/" in second.said
    assert len(second.said.strip().splitlines()) == 1
    assert status(first.port) == 200


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = Up(tmp_path / "data", other.getsockname()[1])
        assert refused.process.wait(STOP_LIMIT_S) == 1
    assert "is taken" in refused.said
    assert "--port" in refused.said
    assert len(refused.said.strip().splitlines()) == 1


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    refused = Up(tmp_path, free_port())
    assert refused.process.wait(STOP_LIMIT_S) == 1
    assert "holds other files" in refused.said
    assert "thesis.tex" in {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "storage").exists()


def test_what_is_killed_is_started_again(up, place):
    site = up()
    site.await_said("Demo log-ins")
    os.kill(child_named(site, "web"), signal.SIGKILL)
    site.await_said("web: killed by SIGKILL").await_said("web: started again")
    assert status(site.port) == 200  # asked while it starts: the request waits
    await_true(lambda: any("child worker" in command for command in children(site.process.pid).values()), 30)
    os.kill(child_named(site, "worker"), signal.SIGKILL)
    site.await_said("worker: killed by SIGKILL").await_said("worker: started again")
    cluster = (place / "postgres").resolve()
    os.kill(int((cluster / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    site.await_said("postgres: started again")
    await_true(lambda: status(site.port) == 200, 30)
    assert site.stop() == 0


def test_after_a_killed_supervisor_the_next_start_recovers(up, place):
    first = up()
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    second = Up(place, first.port).await_start()  # the same port, which the old children hold for a moment
    assert status(second.port) == 200
    await_true(lambda: len([c for c in children(second.process.pid).values() if "child" in c]) == 3, 60)
    assert second.stop() == 0
    assert not postgres.is_running(place)


def manage(*arguments):
    command = [ROOT / "etem", "manage", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL)


def test_commands_reach_the_site_of_a_data_directory_while_it_runs(up, place, tmp_path):
    (tmp_path / "text.tif").write_text("no image")
    bring_in = ["import_acquisitions", tmp_path, "--project", 1, "--as", "demo-owner", "--wait"]
    site = up()
    done = manage("--data", place, *bring_in)
    assert "is text, not an image" in done.stderr, done.stderr
    assert done.returncode == 1
    assert site.stop() == 0
    refused = manage(f"--data={place}", *bring_in)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"No site runs on {place}: start it with ./etem up --data {place}, or name another --data.\n"
    )
