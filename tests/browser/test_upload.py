"""Dropping files on a project's page, in a real browser: what becomes of them, and what may not be lost."""

import base64
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from django.conf import settings
from django.db import connection
from PIL import Image
from playwright.sync_api import expect

from annotations.models import Acquisition, Upload
from annotations.services import notify
from tests.browser.killable import KillableServer
from tests.factories import make_acquisition, make_calibration, make_frame

WAIT_MS = 60_000  # for a worker that has other things to do
SLOW_BYTES_S = 6e6
# A feed that has come up asks for what it missed.
FEED_IS_LIVE = "() => performance.getEntriesByType('resource').some(({ name }) => name.includes('part=list'))"

pytestmark = pytest.mark.slow


@pytest.fixture
def files(tmp_path):
    """A calibrated TIFF, a PNG without a scale, and a TIFF that was cut off."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 4000, (96, 128), dtype=np.uint16)
    good, plain, broken = tmp_path / "gold.tif", tmp_path / "plain.png", tmp_path / "broken.tif"
    tifffile.imwrite(good, pixels, imagej=True, resolution=(2.0, 2.0), metadata={"unit": "nm"})
    Image.fromarray((pixels >> 4).astype(np.uint8)).save(plain)
    whole = good.read_bytes()
    broken.write_bytes(b"II*\0" + b"\xff" * 60 + whole[:900])
    return [good, plain, broken]


@pytest.fixture
def big_file(tmp_path):
    path = tmp_path / "movie.tif"
    pixels = np.random.default_rng(2).integers(0, 65535, (4, 2048, 2048), dtype=np.uint16)
    tifffile.imwrite(path, pixels, photometric="minisblack")
    return path  # 33.6 MB: five parts


def drop(page, paths):
    """Let files fall on the page, as from a file manager."""
    told = [{"name": path.name, "content": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    transfer = page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const { name, content } of files) {
                const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { lastModified: 1 }));
            }
            return transfer;
        }""",
        told,
    )
    for event in ("dragenter", "dragover"):
        page.dispatch_event("main", event, {"dataTransfer": transfer})
    expect(page.locator("[data-drop-over]")).to_be_visible()
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    expect(page.locator("[data-drop-over]")).to_be_hidden()


def row(page, name):
    return page.locator("li.upload", has=page.get_by_text(name, exact=True))


def card(page, name):
    return page.locator("#acquisitions .acquisition", has_text=name)


def slow_down(page):
    session = page.context.new_cdp_session(page)
    speed = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": SLOW_BYTES_S}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", speed)


def tell(project, **payload):
    """What the worker says while it reads; from a thread, since Playwright's loop runs in this one."""

    def say():
        notify.push(project_id=project.pk, kind="acquisition", payload=payload)
        connection.close()  # the thread's own

    with ThreadPoolExecutor(1) as pool:
        pool.submit(say).result()


def wait_until_some_is_safe():
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        upload = Upload.objects.first()
        if upload and 0 < upload.offset_bytes < upload.size_bytes:
            return upload
        time.sleep(0.05)
    raise AssertionError("No part of the file was acknowledged.")


def stops_short_of_its_end(page):
    """The part under way may still arrive; then no other one does, in the time that two would take."""
    offset = -1
    while (now := Upload.objects.get().offset_bytes) != offset:
        offset = now
        page.wait_for_timeout(3000)
    assert offset < Upload.objects.get().size_bytes


def test_dropped_files_arrive_and_a_broken_one_says_why(log_in, site, mia, project, files):
    page = log_in(mia)
    page.goto(f"{site}{project.get_absolute_url()}")
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    drop(page, files)
    expect(row(page, "gold.tif")).to_have_attribute("data-state", "ready", timeout=WAIT_MS)
    expect(row(page, "plain.png")).to_have_attribute("data-state", "ready", timeout=WAIT_MS)
    expect(row(page, "broken.tif")).to_have_attribute("data-state", "refused", timeout=WAIT_MS)
    expect(row(page, "broken.tif").locator("[data-note]")).to_contain_text("broken.tif")

    expect(card(page, "gold.tif")).to_contain_text("0.5 nm/px")
    expect(card(page, "gold.tif")).to_contain_text("128 × 96 px")
    expect(card(page, "plain.png")).to_contain_text("uncalibrated")
    expect(card(page, "plain.png")).not_to_contain_text("nm")
    refusal = Acquisition.objects.get(name="broken.tif").message
    expect(card(page, "broken.tif")).to_contain_text(refusal)
    image = card(page, "gold.tif").locator("img")
    expect(image).to_be_visible()
    page.wait_for_function("(image) => image.naturalWidth > 0", arg=image.element_handle())

    drop(page, files[:1])
    again = page.locator("li.upload[data-known]")
    expect(again).to_contain_text("already in this project", timeout=WAIT_MS)
    again.get_by_role("link", name="Open gold.tif").click()
    page.wait_for_url(re.compile("/frames/"))


def test_another_browser_sees_progress_as_it_happens(log_in, site, vic, project, monkeypatch):
    monkeypatch.setattr(notify, "PATIENCE_S", 60)  # else a hint may be given up on a machine with other work
    reading = make_acquisition(project, name="long.mrc", status=Acquisition.Status.IMPORTING, progress=0.1)
    page = log_in(vic)
    page.goto(f"{site}{project.get_absolute_url()}")
    expect(card(page, "long.mrc")).to_contain_text("reading 10 %")
    expect(page.get_by_role("button", name="Upload files")).to_have_count(0)  # vic may only look
    page.wait_for_function(FEED_IS_LIVE)
    for progress in (0.4, 0.7):
        Acquisition.objects.filter(pk=reading.pk).update(progress=progress)
        told = {
            "id": reading.pk,
            "status": "importing",
            "progress": progress,
            "message": "",
            "name": reading.name,
        }
        tell(project, **told)
        expect(card(page, "long.mrc")).to_contain_text(f"reading {progress * 100:.0f} %")
    make_frame(reading)
    Acquisition.objects.update(status=Acquisition.Status.READY)
    tell(project, **{**told, "status": "ready", "progress": 1})
    expect(card(page, "long.mrc")).to_contain_text("uncalibrated")


def test_a_killed_server_costs_at_most_a_part(site, page, mia, project, big_file):
    server = KillableServer()
    server.start()
    try:
        page.goto(f"{server.url}/accounts/login/?next={project.get_absolute_url()}")
        page.get_by_label("Username").fill(mia.username)
        page.get_by_label("Password").fill("nanoscale-42")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{project.get_absolute_url()}")  # and its scripts, before the net gets slow
        slow_down(page)
        page.locator("input[data-files]").set_input_files(big_file)
        upload = wait_until_some_is_safe()
        server.kill()
        upload.refresh_from_db()
        safe = upload.offset_bytes
        expect(page.locator("[data-feed-state]")).to_be_visible()
        offsets = []
        page.on("request", lambda sent: offsets.append(sent.headers.get("upload-offset")))
        server.start()
        expect(row(page, "movie.tif")).to_have_attribute("data-state", "ready", timeout=WAIT_MS)
        sent_from = [int(offset) for offset in offsets if offset]
        assert min(sent_from) == safe
        acquisition = Acquisition.objects.get()
        assert acquisition.size_bytes == big_file.stat().st_size
        expect(card(page, "movie.tif")).to_contain_text("4 frames")
        expect(page.locator("[data-feed-state]")).to_be_hidden(timeout=WAIT_MS)
    finally:
        server.kill()


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(log_in, site, mia, project, big_file):
    page = log_in(mia)
    page.on("dialog", lambda dialog: dialog.accept())  # “leave the page?”
    page.goto(f"{site}{project.get_absolute_url()}")
    slow_down(page)
    page.locator("input[data-files]").set_input_files(big_file)
    upload = wait_until_some_is_safe()
    page.reload()
    begun, offsets = [], []
    page.on("request", lambda sent: begun.append(sent.url) if sent.method == "POST" else None)
    page.on("request", lambda sent: offsets.append(sent.headers.get("upload-offset")))
    page.locator("input[data-files]").set_input_files(big_file)
    expect(row(page, "movie.tif")).to_have_attribute("data-state", "ready", timeout=WAIT_MS)
    assert not begun
    assert min(int(offset) for offset in offsets if offset) >= upload.offset_bytes
    assert Upload.objects.get().acquisition.name == "movie.tif"


def test_an_upload_is_paused_resumed_and_cancelled_by_keyboard(log_in, site, mia, project, big_file):
    page = log_in(mia)
    page.goto(f"{site}{project.get_absolute_url()}")
    slow_down(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").focus()
        page.keyboard.press("Enter")
    chooser.value.set_files(big_file)
    wait_until_some_is_safe()
    page.get_by_role("button", name="Pause movie.tif").focus()
    page.keyboard.press("Enter")
    expect(row(page, "movie.tif")).to_have_attribute("data-state", "paused")
    expect(page.get_by_role("button", name="Resume movie.tif")).to_be_focused()
    stops_short_of_its_end(page)
    page.keyboard.press("Enter")
    expect(row(page, "movie.tif")).to_have_attribute("data-state", "sending")
    page.get_by_role("button", name="Cancel movie.tif").focus()
    page.keyboard.press("Enter")
    expect(row(page, "movie.tif")).to_have_attribute("data-state", "cancelled")
    limit = time.monotonic() + 60
    while Upload.objects.exists() and time.monotonic() < limit:
        time.sleep(0.1)
    assert not Upload.objects.exists()
    assert not list((settings.STORAGE_DIR / "uploads").glob("*"))


def test_the_list_works_without_scripts(site, browser, mia, project):
    for number, voltage in enumerate([80, 200, 300]):
        acquisition = make_acquisition(project, name=f"frame{number}.dm4", voltage_kv=voltage)
        make_frame(acquisition)
        if voltage == 300:
            make_calibration(acquisition)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1366, "height": 768})
    try:
        page = context.new_page()
        page.goto(f"{site}/accounts/login/?next={project.get_absolute_url()}")
        page.get_by_label("Username").fill(mia.username)
        page.get_by_label("Password").fill("nanoscale-42")
        page.get_by_role("button", name="Log in").click()
        expect(page.locator(".acquisition")).to_have_count(3)
        page.get_by_text("Filters", exact=True).click()
        page.get_by_label("Voltage").select_option("300")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator(".acquisition")).to_have_count(1)
        expect(page.locator(".acquisition")).to_contain_text("0.5 nm/px")
        page.get_by_role("link", name="Remove the filter Voltage: 300 kV").click()
        expect(page.locator(".acquisition")).to_have_count(3)
        page.get_by_role("link", name="List").click()
        expect(page.get_by_role("row")).to_have_count(4)
    finally:
        context.close()
