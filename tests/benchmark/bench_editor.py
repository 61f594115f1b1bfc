"""The editor with 5,000 boxes in a browser without a GPU, against the real server."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

from tests.benchmark.report import Row
from tests.processes import environment

NEEDS_DATABASE = True
BOXES = 5000
SIDE_PX = 4096
GESTURES = 30

# Frames counted by the page itself while the wheel zooms.
ZOOM = """async () => {
  const canvas = document.getElementById("canvas");
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const gaps = [];
  let last = 0;
  const frame = async () => {
    const now = await new Promise(requestAnimationFrame);
    if (last) gaps.push(now - last);
    last = now;
  };
  for (let i = 0; i < 60; i++) {
    canvas.dispatchEvent(new WheelEvent("wheel", { clientX: x, clientY: y, deltaY: i % 20 < 10 ? -40 : 40,
      bubbles: true, cancelable: true }));
    await frame();
  }
  return gaps;
}"""
# From the mouse-up to the end of the first frame that was painted after it.
LATENCY = """() => {
  window.latencies = [];
  document.getElementById("canvas").addEventListener("pointerup", (event) => {
    const start = event.timeStamp;
    requestAnimationFrame(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => window.latencies.push(performance.now() - start);
      channel.port2.postMessage(0); });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z") return;
    const start = event.timeStamp;
    requestAnimationFrame(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => window.latencies.push(performance.now() - start);
      channel.port2.postMessage(0); });
  });
}"""

# From an edit's message on the feed to its answer.
SAVES = """
window.saves = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  const [start, { ask }] = [performance.now(), JSON.parse(text)];
  const hear = ({ data }) => {
    if (JSON.parse(data).answer !== ask) return;
    this.removeEventListener("message", hear);
    window.saves.push(performance.now() - start);
  };
  this.addEventListener("message", hear);
  return send.call(this, text);
};
"""


def p95(values):
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def make_frame():
    import numpy as np

    from annotations.models import Particle
    from annotations.services.layers import working_layer
    from tests.factories import (
        make_acquisition,
        make_calibration,
        make_label_class,
        make_membership,
        make_project,
        make_user,
    )
    from tests.stored import make_stored_frame

    rng = np.random.default_rng(1)
    mia, project = make_user(f"bench-{uuid.uuid4().hex[:8]}"), make_project()
    make_membership(project, mia)
    classes = [make_label_class(project, name=f"class {key}", key=key) for key in (1, 2, 3)]
    acquisition = make_acquisition(project)
    image = rng.normal(2000, 200, (SIDE_PX, SIDE_PX)).clip(0).astype(np.uint16)
    frame = make_stored_frame(acquisition, image)
    make_calibration(acquisition, 0.3)
    layer = working_layer(frame=frame)
    places = zip(*rng.uniform([0, 600, 12, 12], [4000, 4000, 60, 60], (BOXES, 4)).T, strict=True)
    Particle.objects.bulk_create(
        Particle(layer=layer, x=x, y=y, width=w, height=h, label_class=classes[i % 3])
        for i, (x, y, w, h) in enumerate(places)
    )
    return mia, frame, layer


def server_rows(mia, layer):
    """Through the whole of Django, without a network: what one request costs the server."""
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(mia)
    url = f"/api/v1/layers/{layer.pk}/edits/"

    def timed(request):
        start = time.perf_counter()
        response = request()
        assert response.status_code == 200, response.content
        return 1000 * (time.perf_counter() - start), response

    def edit(**over):
        return {"edits": [{"id": str(uuid.uuid4()), "group": str(uuid.uuid4()), **over}]}

    box = {"x": 10.5, "y": 20.25, "width": 30, "height": 40}
    adds = [edit(action="add", particle=str(uuid.uuid4()), fields=box) for _ in range(GESTURES + 5)]

    def post(sent):
        return timed(lambda: client.post(url, sent, content_type="application/json"))[0]

    def read():
        packed = {"Accept-Encoding": "gzip"}
        return timed(lambda: client.get(f"/api/v1/layers/{layer.pk}/particles/", headers=packed))

    saves = [post(sent) for sent in adds][5:]  # the first ones load modules
    taken = [post(edit(action="undo", undoes=sent["edits"][0]["group"])) for sent in adds]
    loads = [read() for _ in range(7)]
    return [
        Row(
            "one edit saved, p95, 5,000 boxes",
            p95(saves),
            "ms",
            at_most=60,
            note=f"median {statistics.median(saves):.0f} ms, load {os.getloadavg()[0]:.1f}",
        ),
        Row("one undo saved, p95, 5,000 boxes", p95(taken), "ms", at_most=60),
        Row("5,000 particles read", statistics.median(ms for ms, _ in loads), "ms", at_most=300),
        Row("5,000 particles on the wire", len(loads[0][1].content) / 1000, "kB"),
    ]


def browser_rows(mia, frame):
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import installed_chromium
    from tests.browser.editor_page import NO_SOCKETS, EditorPage, Wire

    port = 20_000 + os.getpid() % 20_000
    site = f"http://127.0.0.1:{port}"
    web = subprocess.Popen(site_command(port), env=environment(), stderr=subprocess.DEVNULL)
    try:
        wait_for(site)
        flags = ["--disable-gpu", "--disable-quic", "--no-first-run"] + (
            ["--no-sandbox"] if os.geteuid() == 0 else []
        )
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
            context = playwright.chromium.launch_persistent_context(
                profile,
                executable_path=installed_chromium(),
                args=flags,
                viewport={"width": 1366, "height": 768},
            )
            page, sizes = context.pages[0], []
            page.add_init_script(SAVES)
            wire = Wire(page)
            with page.expect_response(lambda got: got.url.endswith(f"/api/v1/frames/{frame.pk}/")):
                editor = EditorPage(page, site, frame).log_in(mia).open()  # the feed is live after that
            editor.expect_count(BOXES)
            wire.take(0)
            page.evaluate(LATENCY)
            for i in range(GESTURES):  # in the band above the others, on free ground
                editor.drag((100 + 120 * i, 100), (180 + 120 * i, 180))
                editor.wait_saved()
                sizes.append(wire.take())
            drawn = page.evaluate("window.latencies.splice(0)")
            for _ in range(GESTURES):
                editor.press("Control+z")
                editor.wait_saved()
            undone = page.evaluate("window.latencies.splice(0)")
            gaps, saves = page.evaluate(ZOOM), page.evaluate("window.saves")
            plain = context.new_page()
            plain.add_init_script(NO_SOCKETS)
            http = Wire(plain)
            editor = EditorPage(plain, site, frame).open()
            editor.drag((100, 100), (180, 180))
            editor.wait_saved()
            http_bytes = http.take()
            context.close()
    finally:
        web.terminate()
        web.wait()
    return [
        Row(
            "mouse-up to box drawn, p95, 5,000 boxes",
            p95(drawn),
            "ms",
            at_most=50,
            peer="Label Studio 1040 at 2,000",
            note=f"median {statistics.median(drawn):.0f} ms, load {os.getloadavg()[0]:.1f}",
        ),
        Row("undo shown, p95, 5,000 boxes", p95(undone), "ms", at_most=50, peer="Label Studio 1349 at 2,000"),
        Row(
            "one edit saved as the page sees it, p95, 5,000 boxes",
            p95(saves),
            "ms",
            at_most=60,
            note=f"median {statistics.median(saves):.0f} ms, edits and undos over the feed",
        ),
        Row(
            "one edit on the wire, both ways, all of it",
            max(sizes),
            "bytes",
            at_most=1000,
            note=f"over the feed, before compression, its news included; {http_bytes} bytes by HTTP, headers "
            "included, where no socket gets through",
        ),
        Row(
            "zoom with 5,000 boxes",
            1000 / statistics.mean(gaps),
            "fps",
            at_least=55,
            peer="Label Studio 2 to 3",
        ),
    ]


def site_command(port):
    return [
        sys.executable,
        "-m",
        "uvicorn",
        "etemweb.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]


def wait_for(site, limit_s=60):
    limit = time.monotonic() + limit_s
    while True:
        try:
            urllib.request.urlopen(f"{site}/accounts/login/", timeout=5).close()
            return
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.1)


def run() -> list[Row]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    mia, frame, layer = make_frame()
    return server_rows(mia, layer) + browser_rows(mia, frame)
