"""The viewer on a 4096 x 4096 16-bit frame with 5,000 boxes: real server, real browser, no GPU."""

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmark.bench_editor import (
    SIDE_PX,
    ZOOM,
    make_frame,
    p95,
    site_command,
    wait_for,
)
from tests.benchmark.report import Row
from tests.processes import environment

NEEDS_DATABASE = True
OPENINGS = 5
STEPS = 8
WARM_UP = 5  # requests that load modules and compile queries
# When the first pixel of a frame was painted: the next animation frame comes after it is on the screen.
SPY = """addEventListener("firstpixel", () => requestAnimationFrame(() => {
  window.firstPixelMs = performance.now();
}));"""
# Dragging with a button, one event an animation frame, frames counted by the page itself.
DRAG = """async (button) => {
  const canvas = document.getElementById("canvas");
  const box = canvas.getBoundingClientRect();
  const at = (i) => ({ bubbles: true, cancelable: true, pointerId: 1, pointerType: "mouse", isPrimary: true,
    button, buttons: button === 1 ? 4 : 2,
    clientX: box.left + 400 + 150 * Math.sin(i / 9), clientY: box.top + 250 + 90 * Math.cos(i / 7) });
  canvas.setPointerCapture = () => {};
  canvas.dispatchEvent(new PointerEvent("pointerdown", at(0)));
  const gaps = [];
  let last = 0;
  for (let i = 1; i <= 90; i++) {
    canvas.dispatchEvent(new PointerEvent("pointermove", at(i)));
    const now = await new Promise(requestAnimationFrame);
    if (last) gaps.push(now - last);
    last = now;
  }
  canvas.dispatchEvent(new PointerEvent("pointerup", at(90)));
  return gaps;
}"""
# From the key to the next frame's first pixel on the screen.
NEXT = """async (key) => {
  const seen = new Promise((done) =>
    addEventListener("firstpixel", () => requestAnimationFrame(done), { once: true }));
  const start = performance.now();
  const press = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  document.getElementById("canvas").dispatchEvent(press);
  await seen;
  return performance.now() - start;
}"""


def tile_rows(frame):
    from annotations.display.tiles import read_tile, write_tiles
    from annotations.services.pixels import tiles_path

    image = np.random.default_rng(2).integers(0, 4096, (SIDE_PX, SIDE_PX)).astype(np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        cpu_s = []
        for _ in range(3):
            start = time.process_time()
            write_tiles(image, Path(folder) / "tiles.u16")
            cpu_s.append(time.process_time() - start)
    start = time.perf_counter()
    for _ in range(100):
        read_tile(tiles_path(frame), 0, 3, 3)
    read_ms = 10 * (time.perf_counter() - start)
    return [
        Row("tiles of 4096x4096 16-bit", statistics.median(cpu_s), "s of CPU", at_most=0.6),
        Row("one tile read from its pack", read_ms, "ms", at_most=2),
    ]


def server_rows(mia, frame):
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(mia)
    spent, cpu_s = [], 0.0
    for i in range(60):
        if i == WARM_UP:
            cpu_s = time.process_time()
        start = time.perf_counter()
        assert client.get(f"/api/v1/frames/{frame.pk}/tiles/0/{i % 8}/{i // 8}").status_code == 200
        spent.append(1000 * (time.perf_counter() - start))
    cpu_ms = 1000 * (time.process_time() - cpu_s) / len(spent[WARM_UP:])
    note = f"{cpu_ms:.1f} ms of CPU, load {os.getloadavg()[0]:.1f}"
    p50 = statistics.median(spent[WARM_UP:])
    return [Row("one tile served, its permission asked, p50", p50, "ms", at_most=10, note=note)]


def browser_rows(mia, frame):
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import installed_chromium
    from tests.browser.sessions import session_cookie

    port = 20_000 + (os.getpid() + 1) % 20_000
    site = f"http://127.0.0.1:{port}"
    web = subprocess.Popen(site_command(port), env=environment(), stderr=subprocess.DEVNULL)
    try:
        wait_for(site)
        flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--enable-precise-memory-info"]
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=installed_chromium(), args=flags)
            cold, warm, page = [], [], None
            for turn in range(OPENINGS):
                # A new context has an empty cache: the first opening in it is cold, the second warm.
                context = browser.new_context(viewport={"width": 1366, "height": 768})
                context.add_cookies([session_cookie(site, mia)])
                page = context.new_page()
                page.add_init_script(SPY)
                for opened in (cold, warm):
                    opened.append(_open(page, f"{site}/frames/{frame.pk}/"))
                if turn < OPENINGS - 1:
                    context.close()
            page.wait_for_timeout(2500)  # boxes are there, neighbours fetched
            steps = []
            for i in range(STEPS):
                steps.append(page.evaluate(NEXT, "[" if i % 2 == 0 else "]"))
                page.wait_for_timeout(1000)
            drags, cpu_ms = {}, {}
            meter = browser.new_browser_cdp_session()

            def drag(name, script, *arguments):
                before = browser_cpu_ms(meter)
                drags[name] = page.evaluate(script, *arguments)
                cpu_ms[name] = (browser_cpu_ms(meter) - before) / (len(drags[name]) + 1)

            for zoom, key in (("fit", "0"), ("1:1", "z")):
                page.keyboard.press(key)
                page.wait_for_timeout(1000)
                drag(f"pan at {zoom}", DRAG, 1)
                drag(f"window/level drag at {zoom}", DRAG, 2)
            page.keyboard.press("0")
            drag("zoom", ZOOM)
            heap_mb = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
            browser.close()
    finally:
        web.terminate()
        web.wait()
    load = f"load {os.getloadavg()[0]:.1f}"
    rows = [
        Row(
            "first pixel after navigation, empty cache",
            statistics.median(cold),
            "ms",
            at_most=1000,
            note=load,
        ),
        Row("first pixel after navigation, warm cache", statistics.median(warm), "ms", at_most=1000),
        Row("next image, prefetched, p95", p95(steps), "ms", at_most=200, peer="Label Studio 3000"),
        Row("JS heap with 5,000 boxes", heap_mb, "MB", at_most=150, peer="Label Studio 537"),
    ]
    for name, gaps in drags.items():
        at_least = 30 if name.startswith("window") else 55
        note = f"p95 frame {p95(gaps):.0f} ms, CPU of all threads {cpu_ms[name]:.0f} ms a frame, {load}"
        rows.append(
            Row(f"{name}, 5,000 boxes", 1000 / statistics.mean(gaps), "fps", at_least=at_least, note=note)
        )
    return rows


def browser_cpu_ms(meter):
    """CPU time that all of the browser's processes have used: unlike frames a second, free of other work."""
    processes = meter.send("SystemInfo.getProcessInfo")["processInfo"]
    return 1000 * sum(process["cpuTime"] for process in processes)


def _open(page, url):
    page.goto(url, wait_until="commit")
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        shown = page.evaluate("window.firstPixelMs ?? 0")
        if shown:
            return shown
        page.wait_for_timeout(20)
    raise TimeoutError("No pixel within 30 s.")


def run() -> list[Row]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    from tests.factories import make_acquisition
    from tests.stored import make_stored_frame

    mia, frame, _ = make_frame()
    image = np.random.default_rng(3).integers(0, 4096, (SIDE_PX, SIDE_PX)).astype(np.uint16)
    make_stored_frame(make_acquisition(frame.acquisition.project), image)
    return tile_rows(frame) + server_rows(mia, frame) + browser_rows(mia, frame)
