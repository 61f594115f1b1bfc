"""The editor as a person meets it: places on the canvas, drags, what is drawn and what is saved."""

import time

from playwright.sync_api import expect

from tests.browser.sessions import session_cookie

# A proxy that lets no WebSocket through.
NO_SOCKETS = "WebSocket = class { constructor() { setTimeout(() => this.onclose({}), 5); } close() {} };"


class Wire:
    """What saved edits cost both ways: the feed's messages, and requests to the ledger with their headers.

    An upper bound for the feed: its messages travel compressed, and are counted as they are.
    """

    FRAMING_BYTES = 8  # of a message to the server; of one from it 4

    def __init__(self, page):
        self.page, self.sent, self.received, self.requests = page, [], [], []
        page.on("websocket", self._listen)
        page.on("requestfinished", self._count)

    def _listen(self, socket):
        socket.on("framesent", lambda text: self.sent.append(len(text.encode()) + self.FRAMING_BYTES))
        socket.on("framereceived", self._receive)

    def _receive(self, text):
        if '"type":"ping"' not in text.replace(" ", ""):
            self.received.append(len(text.encode()) + self.FRAMING_BYTES // 2)

    def _count(self, request):
        if request.method == "POST" and "/edits/" in request.url:
            self.requests.append(sum(request.sizes().values()))

    def take(self, n_edits=1):
        """Bytes since the last call. Over the feed an edit is three messages: it, its answer, the news."""
        eventually(lambda: len(self.sent) + len(self.requests) >= n_edits, page=self.page)
        eventually(lambda: len(self.received) >= 2 * len(self.sent), page=self.page)
        total = sum(self.sent) + sum(self.received) + sum(self.requests)
        self.sent, self.received, self.requests = [], [], []
        return total


class EditorPage:
    def __init__(self, page, site, frame):
        self.page, self.site, self.frame = page, site, frame
        self.troubles = []
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def log_in(self, user):
        self.page.context.add_cookies([session_cookie(self.site, user)])
        return self

    def open(self):
        self.page.goto(f"{self.site}/frames/{self.frame.pk}/")
        self.page.wait_for_selector("#particle-list")
        expect(self.page.locator("#panel-particles .count").first).not_to_be_empty()
        self.box = self.page.locator("#canvas").bounding_box()
        return self

    def at(self, x, y):
        """Where image pixel (x, y) is on the page while the frame is fitted into the view."""
        width, height = self.box["width"], self.box["height"]
        scale = min((width - 16) / self.frame.width_px, (height - 16) / self.frame.height_px)
        left = self.box["x"] + (width - scale * self.frame.width_px) / 2
        top = self.box["y"] + (height - scale * self.frame.height_px) / 2
        return left + scale * x, top + scale * y

    def drag(self, start, end, modifier=None):
        mouse = self.page.mouse
        if modifier:
            self.page.keyboard.down(modifier)
        mouse.move(*self.at(*start))
        mouse.down()
        mouse.move(*self.at(*end), steps=3)
        mouse.up()
        if modifier:
            self.page.keyboard.up(modifier)

    def click(self, x, y, **over):
        self.page.mouse.click(*self.at(x, y), **over)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def wait_saved(self, limit_ms=30_000):
        expect(self.page.locator("#saved-state")).to_have_attribute("data-unsent", "0", timeout=limit_ms)
        expect(self.page.locator("#saved-state")).to_have_attribute("data-state", "saved")

    def expect_count(self, n):
        expect(self.page.locator("#panel-particles .panel-title .count")).to_have_text(str(n))


def eventually(test, limit_s=30, page=None):
    """Wait for the server's side of something to come true."""
    limit = time.monotonic() + limit_s
    while not test():
        assert time.monotonic() < limit, "It did not come true in time."
        if page is None:
            time.sleep(0.05)
        else:
            page.wait_for_timeout(50)  # so that its events come through
