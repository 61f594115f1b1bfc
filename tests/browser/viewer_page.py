"""What tests of the viewer share: a picture whose pixels tell where they are, and reading it off the page."""

import re

from playwright.sync_api import expect

SIDE = 1200
# Notes what is written on canvases, and when the first pixel of a frame is there.
SPY = """
window.canvasTexts = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  window.canvasTexts.push(text);
  return fillText.call(this, text, ...rest);
};
addEventListener("firstpixel", () => { window.nFirstPixels = (window.nFirstPixels || 0) + 1; });
"""


def until(page, condition, limit_ms=10_000):
    """Poll: `wait_for_function` would need eval, which the site's policy forbids."""
    for _ in range(limit_ms // 25):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"Never came true: {condition}")


def grey_at(page, x, y):
    """Red of the canvas pixel at (x, y) from the canvas's corner once it is sharp, and that it is grey."""
    script = f"""new Promise((done) => {{
        const canvas = document.getElementById("canvas");
        const look = () => requestAnimationFrame(() => requestAnimationFrame(() => {{
            if (canvas.dataset.sharp !== "yes") look();
            else done([...canvas.getContext("2d").getImageData({x}, {y}, 1, 1).data]);
        }}));
        look();
    }})"""
    red, green, blue, alpha = page.evaluate(script)
    assert red == green == blue
    assert alpha == 255
    return red


def hover(page, x, y):
    """Move the mouse over the canvas; the pixel (column, row) that the status bar names."""
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    position = page.locator("#status-position")
    expect(position).to_contain_text("px")
    return tuple(int(number) for number in re.match(r"x (\d+)\s+y (\d+) px", position.inner_text()).groups())


def set_window(page, low, high):
    for name, value in (("high", 60000), ("low", low), ("high", high)):
        field = page.locator(f"#contrast-{name}")
        field.fill(str(value))
        field.press("Enter")
    page.locator("#canvas").focus()
