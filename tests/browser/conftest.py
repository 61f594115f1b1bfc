"""The real site for browser tests: uvicorn and a worker as processes of their own, on the tests' database."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.chromium import installed_chromium
from tests.browser.viewer_page import SIDE, SPY, until
from tests.factories import make_acquisition, make_label_class
from tests.processes import environment
from tests.stored import make_stored_frame

START_LIMIT_S = 180
WAIT_MS = 20_000  # on a machine that has other things to do; what is there is seen at once anyway
expect.set_options(timeout=WAIT_MS)
# Playwright keeps an event loop running in the thread that the tests use the database from.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        quiet.append("--no-sandbox")  # Chromium's sandbox refuses root
    return {**browser_type_launch_args, "executable_path": installed_chromium(), "args": quiet}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1366, "height": 768}}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def site_process(django_db_setup, django_db_blocker):
    port = _free_port()
    with django_db_blocker.unblock():
        own = environment()
    uvicorn = ["uvicorn", "etemweb.asgi:application", "--port", str(port), "--log-level", "warning"]
    celery = ["celery", "--quiet", "-A", "etemweb", "worker", "-Q", "now,io,cpu", "-c", "1", "-l", "WARNING"]
    celery += ["--without-gossip", "--without-mingle"]
    web, worker = ([sys.executable, "-m", *command] for command in (uvicorn, celery))
    processes = [subprocess.Popen(command, env=own) for command in (web, worker)]
    url = f"http://127.0.0.1:{port}"
    limit = time.monotonic() + START_LIMIT_S
    while True:
        try:
            urllib.request.urlopen(f"{url}/accounts/login/", timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            if time.monotonic() > limit or processes[0].poll() is not None:
                raise
            time.sleep(0.1)
    yield url
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(timeout=30)


@pytest.fixture
def site(site_process, transactional_db):
    """The site's address; rows made in the test are seen by it, and gone afterwards."""
    return site_process


@pytest.fixture
def log_in(site, page):
    """Log a user in through the form, as a person would."""

    def log_in(user, password="nanoscale-42"):
        page.goto(f"{site}/accounts/login/")
        page.get_by_label("Username").fill(user.username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        return page

    return log_in


@pytest.fixture
def image():
    """A ramp of 12-bit values, one code a column, with a dark square and a bright bar of 100 px."""
    pixels = np.tile(np.arange(SIDE, dtype=np.uint16) + 1000, (SIDE, 1))
    pixels[500:520, 500:520] = 100
    pixels[900:906, 550:650] = 4000
    return pixels


@pytest.fixture
def frame(project, image):
    make_label_class(project)
    return make_stored_frame(make_acquisition(project, name="ramp.tif"), image)


@pytest.fixture
def show(site, log_in, mia, page):
    """Open a frame's page as mia, the canvas focused; fails the test on any error in the console."""
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    page.add_init_script(SPY)
    log_in(mia)

    def show(frame):
        page.goto(f"{site}/frames/{frame.pk}/")
        page.wait_for_selector("#viewer canvas")
        until(page, "window.nFirstPixels > 0")
        page.wait_for_selector("#particle-list")  # the editor comes after the picture
        page.evaluate("document.getElementById('panel-display').open = true")
        page.locator("#canvas").focus()
        return page

    yield show
    assert not [text for text in problems if "ERR_" not in text and "status of 404" not in text]
