"""The viewer in a real browser: what is seen, by mouse, touch and keyboard."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.models import Acquisition, Calibration, Membership
from tests.factories import make_acquisition, make_calibration, make_label_class
from tests.stored import make_stored_frame

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
        page.evaluate("document.getElementById('panel-display').open = true")
        page.locator("#canvas").focus()
        return page

    yield show
    assert not [text for text in problems if "ERR_" not in text and "status of 404" not in text]


def until(page, condition, limit_ms=10_000):
    """Poll: `wait_for_function` would need eval, which the site's policy forbids."""
    for _ in range(limit_ms // 25):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"Never came true: {condition}")


def grey_at(page, x, y):
    """Red of the canvas pixel at (x, y) from the canvas's corner, and that it is grey."""
    script = f"""new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {{
        const ctx = document.getElementById("canvas").getContext("2d");
        done([...ctx.getImageData({x}, {y}, 1, 1).data]);
    }})))"""
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


def test_it_works(show, frame):
    page = show(frame)
    expect(page).to_have_title("ramp.tif · etemweb")
    expect(page.locator("#status-size")).to_have_text("1200 × 1200 px · uint16")
    expect(page.locator("#zoom-fit")).to_have_attribute("aria-pressed", "true")


def test_one_code_of_a_12_bit_image_is_told_from_the_next(show, frame):
    page = show(frame)
    page.keyboard.press("z")  # 1:1
    expect(page.locator("#zoom-level")).to_have_text("100 %")
    column, _ = hover(page, 300, 200)
    expect(page.locator("#status-value")).to_have_text(f"value {column + 1000}")
    set_window(page, column + 1000, column + 1010)
    # 1 in 10 of the window a column, at the very pixel the status bar names.
    greys = [grey_at(page, 300 + step, 200) for step in range(-2, 13)]
    assert greys == [0, 0, *(int(25.5 * step + 0.5) for step in range(11)), 255, 255]


def test_every_pixel_is_where_the_status_bar_says(show, frame):
    page = show(frame)
    page.keyboard.press("z")
    column, row = hover(page, 400, 300)
    page.locator("#canvas").focus()
    left, top = 400 - (column - 500), 300 - (row - 500)  # where the dark square's corner must be
    set_window(page, 101, 900)
    assert [grey_at(page, left + step, top + 3) for step in (-1, 0, 19, 20)] == [255, 0, 0, 255]
    assert [grey_at(page, left + 3, top + step) for step in (-1, 0, 19, 20)] == [255, 0, 0, 255]


def test_magnified_pixels_are_squares(show, frame):
    page = show(frame)
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    for _ in range(60):
        page.mouse.wheel(0, -120)
    expect(page.locator("#zoom-level")).to_have_text("6400 %")
    column, _ = hover(page, 300, 200)
    set_window(page, column + 990, column + 1020)
    greys = {grey_at(page, x, 200) for x in range(300, 428)}
    assert len(greys) == 3  # 128 screen px over pixels of 64: two whole ones, or parts of three


def test_the_wheel_zooms_to_the_cursor(show, frame):
    page = show(frame)
    before = hover(page, 350, 220)
    for step in (-120, -120, -240, -60, 120):
        page.mouse.wheel(0, step)
    after = hover(page, 350, 220)
    assert abs(after[0] - before[0]) <= 2
    assert abs(after[1] - before[1]) <= 2
    assert page.locator("#zoom-fit").get_attribute("aria-pressed") == "false"


def test_fingers_pinch(show, frame):
    page = show(frame)
    box = page.locator("#canvas").bounding_box()
    before = page.locator("#zoom-level").inner_text()
    session = page.context.new_cdp_session(page)
    point = {"x": box["x"] + 400, "y": box["y"] + 250}
    session.send("Input.synthesizePinchGesture", {**point, "scaleFactor": 2.5, "gestureSourceType": "touch"})
    percent = [float(text.split()[0]) for text in (before, page.locator("#zoom-level").inner_text())]
    assert percent[1] > 1.7 * percent[0]


@pytest.mark.parametrize("way", ["hand", "middle button", "space"])
def test_dragging_moves_the_image_by_as_much(show, frame, way):
    page = show(frame)
    page.keyboard.press("z")
    before = hover(page, 400, 300)
    box = page.locator("#canvas").bounding_box()
    if way == "hand":
        page.keyboard.press("h")
    if way == "space":
        page.keyboard.down(" ")
    button = "middle" if way == "middle button" else "left"
    page.mouse.down(button=button)
    page.mouse.move(box["x"] + 450, box["y"] + 280, steps=4)
    page.mouse.up(button=button)
    page.keyboard.up(" ")
    assert hover(page, 450, 280) == before


def test_the_right_button_sets_the_contrast(show, frame):
    page = show(frame)
    low, high = page.locator("#contrast-low"), page.locator("#contrast-high")
    before = [float(field.input_value()) for field in (low, high)]
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 400, box["y"] + 300, steps=5)
    page.mouse.up(button="right")
    after = [float(field.input_value()) for field in (low, high)]
    assert after[1] - after[0] > 1.2 * (before[1] - before[0])
    page.keyboard.press("a")
    expect(low).to_have_value(str(int(before[0])))


def test_all_of_the_view_works_by_keyboard(show, frame):
    page = show(frame)
    level = page.locator("#zoom-level")
    fitted = level.inner_text()
    page.keyboard.press("z")
    expect(level).to_have_text("100 %")
    page.keyboard.press("+")
    expect(level).to_have_text("141 %")
    before = hover(page, 400, 300)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    after = hover(page, 401, 300)
    assert after[0] > before[0] + 300
    assert after[1] > before[1]
    page.keyboard.press("-")
    page.keyboard.press("-")
    expect(level).to_have_text("71 %")
    page.keyboard.press("f")
    expect(level).to_have_text(fitted)
    page.keyboard.press("i")
    expect(page.locator("#contrast-invert")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Shift+A")
    expect(page.locator("#contrast-low")).to_have_value("100")
    expect(page.locator("#contrast-high")).to_have_value("4000")
    expect(page.locator("#contrast-invert")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("Fit to the window")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_points_of_the_histogram_move_by_keyboard(show, frame):
    page = show(frame)
    handle = page.get_by_role("slider", name="Black point")
    before = float(handle.get_attribute("aria-valuenow"))
    handle.focus()
    page.keyboard.press("ArrowRight")
    once = float(handle.get_attribute("aria-valuenow"))
    page.keyboard.press("Shift+ArrowRight")
    assert before < once < float(handle.get_attribute("aria-valuenow"))
    page.keyboard.press("End")  # stops below the white point
    white = float(page.get_by_role("slider", name="White point").get_attribute("aria-valuenow"))
    assert float(handle.get_attribute("aria-valuenow")) < white


def test_a_wrong_number_is_refused_and_the_picture_stays(show, frame):
    page = show(frame)
    low = page.locator("#contrast-low")
    before = low.input_value()
    low.fill("many")
    low.press("Enter")
    expect(low).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-announce]")).to_have_text("Black must be a number below white.")
    page.locator("#canvas").focus()
    expect(low).to_have_value(before)


def test_contrast_outlives_a_reload_and_follows_to_the_next_image(show, frame, project, image):
    brighter = make_stored_frame(make_acquisition(project, name="brighter.tif"), image * 2)
    page = show(frame)
    page.keyboard.press("i")
    set_window(page, 1200, 1800)
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator("#contrast-low")).to_have_value("1200")
    expect(page.locator("#contrast-high")).to_have_value("1800")
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile(rf"/frames/{brighter.pk}/$"))
    low = float(page.locator("#contrast-low").input_value())
    assert abs(low - 2400) <= 4  # the same share of what this image holds
    expect(page.locator("#contrast-invert")).to_have_attribute("aria-pressed", "true")


def test_without_a_calibration_nothing_is_in_nm(show, frame):
    page = show(frame)
    hover(page, 400, 300)
    assert "nm" not in page.locator("#status-bar").inner_text()
    texts = page.evaluate("window.canvasTexts")
    assert any(text.endswith(" px") for text in texts)
    assert not [text for text in texts if re.search(r"[nµp]m\b", text)]
    banner = page.locator("#calibration-banner")
    expect(banner).to_contain_text("no pixel size")
    href = banner.get_by_role("link", name="Calibration").get_attribute("href")
    assert href == frame.acquisition.get_absolute_url()


def test_with_a_calibration_position_and_bar_are_in_nm(show, frame):
    make_calibration(frame.acquisition, 0.5, pixel_size_y_nm=0.25)
    page = show(frame)
    column, row = hover(page, 400, 300)
    shown = page.locator("#status-position").inner_text().split("·")[1]
    x_nm, y_nm = (float(number) for number in re.findall(r"[\d.]+", shown))
    assert x_nm == pytest.approx((column + 0.5) * 0.5, rel=1e-3)
    assert y_nm == pytest.approx((row + 0.5) * 0.25, rel=1e-3)
    assert any(re.fullmatch(r"\d+ nm along x", text) for text in page.evaluate("window.canvasTexts"))
    expect(page.locator("#calibration-banner")).to_be_hidden()


def test_the_scale_bar_calibrates_without_a_reload(show, frame):
    page = show(frame)
    page.keyboard.press("z")
    page.evaluate("window.isSamePage = true")
    page.get_by_role("button", name="Use the scale bar").first.click()
    box = page.locator("#canvas").bounding_box()
    x, y = box["x"] + 400, box["y"] + 300
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 1)
    page.mouse.move(x + 100, y + 2)  # nearly level: made level
    page.mouse.up()
    expect(page.locator("#bar-px")).to_have_value("100.0")
    page.locator("#bar-length").fill("0,05")
    page.locator("#bar-unit").select_option(label="µm")
    expect(page.locator("#bar-result")).to_have_text("= 0.50000 nm/px")
    page.locator("#bar-form [type=submit]").click()
    expect(page.locator("#calibration-banner")).to_be_hidden()
    expect(page.locator("#status-size")).to_contain_text("0.5 nm/px")
    expect(page.locator("#calibration-chip")).to_have_text("0.5 nm/px")
    assert page.evaluate("window.isSamePage")
    row = Calibration.objects.get()
    assert (row.source, row.is_adopted, row.author.username) == ("scale_bar", True, "mia")
    assert row.pixel_size_x_nm == pytest.approx(0.5)
    assert row.relative_uncertainty > 0


def test_a_bar_without_a_length_is_refused_in_words(show, frame):
    page = show(frame)
    page.keyboard.press("k")
    page.locator("#bar-px").fill("80")
    page.locator("#bar-length").fill("wide")
    page.locator("#bar-form [type=submit]").click()
    expect(page.locator("#bar-error")).to_contain_text("number above zero")
    page.keyboard.press("Escape")
    expect(page.locator("#bar-form")).to_be_hidden()
    assert not Calibration.objects.exists()


def test_a_conflict_is_said_and_settled_by_the_bar(show, frame):
    frame.calibration_conflict = "One reader tells 2.02 nm/px, the other 1.53 nm/px."
    frame.save()
    page = show(frame)
    expect(page.locator("#calibration-banner")).to_contain_text("One reader tells 2.02")
    expect(page.locator("#calibration-chip")).to_have_text("conflict")
    page.keyboard.press("k")
    page.locator("#bar-px").fill("200")
    page.locator("#bar-length").fill("100")
    page.locator("#bar-length").press("Enter")
    expect(page.locator("#calibration-banner")).to_be_hidden()
    frame.refresh_from_db()
    assert frame.calibration_conflict == ""


def test_who_may_only_look_cannot_calibrate(site, log_in, vic, frame, page):
    log_in(vic)
    page.goto(f"{site}/frames/{frame.pk}/")
    expect(page.locator("#calibration-banner")).to_be_visible()
    assert page.locator("#bar-form").count() == page.locator("#banner-calibrate").count() == 0
    page.locator("#canvas").focus()
    page.keyboard.press("z")
    expect(page.locator("#zoom-level")).to_have_text("100 %")


def test_a_stack_is_stepped_through_without_a_reload(show, project, image):
    stack = make_acquisition(project, name="movie.ser")
    frames = [make_stored_frame(stack, image[:300, :300] + 10 * i) for i in range(200)]
    page = show(frames[0])
    page.evaluate("window.isSamePage = true")
    strip = page.locator("#frame-strip")
    expect(strip).to_be_visible()
    assert strip.locator(".strip-item").count() < 40  # of 200
    expect(page.locator("#frame-position")).to_have_text("1 / 200")
    page.keyboard.press("]")
    page.keyboard.press("PageDown")
    expect(page.locator("#frame-position")).to_have_text("3 / 200")
    expect(page).to_have_url(re.compile(rf"/frames/{frames[2].pk}/$"))
    expect(strip.locator("[aria-current=true]")).to_have_text("3")
    page.go_back()
    expect(page.locator("#frame-position")).to_have_text("2 / 200")
    page.keyboard.press("[")
    expect(page.locator("#frame-position")).to_have_text("1 / 200")
    expect(page.locator("#frame-previous")).to_be_disabled()
    strip.evaluate("strip => { strip.scrollLeft = 1e6; }")
    strip.get_by_role("button", name="Show 200").click()
    expect(page.locator("#frame-position")).to_have_text("200 / 200")
    hover(page, 500, 300)
    expect(page.locator("#status-value")).to_contain_text(re.compile(r"value \d{4}"))
    assert page.evaluate("window.isSamePage")


def test_values_that_are_no_numbers_are_told_as_they_are(show, project):
    pixels = np.random.default_rng(0).normal(0, 1, (200, 200)).astype(np.float32)
    pixels[:, :100] = np.nan
    pixels[150:, 150:] = np.inf
    page = show(make_stored_frame(make_acquisition(project, name="counts.dm4"), pixels))
    hover(page, 400, 300)
    value = page.locator("#status-value")
    expect(value).to_have_text("value nan")
    hover(page, 780, 580)
    expect(value).to_have_text("value inf")
    column, row = hover(page, 700, 100)
    expect(value).to_contain_text(re.compile(r"value −?\d\.\d"))
    shown = float(value.inner_text().removeprefix("value ").replace("−", "-"))
    assert shown == pytest.approx(float(pixels[row, column]), rel=1e-3)


def test_lost_tiles_are_asked_for_again(show, frame, page):
    is_down = True
    page.route("**/tiles/**", lambda route: route.abort() if is_down else route.continue_())
    page.add_init_script("window.nFirstPixels = 1")  # none will come
    show(frame)
    trouble = page.locator("#viewer-trouble")
    expect(trouble).to_contain_text("trying again")
    is_down = False
    expect(trouble).to_be_hidden(timeout=10_000)
    page.keyboard.press("z")
    assert grey_at(page, 300, 200) > 0


def test_who_is_no_longer_a_member_learns_why_it_stays_coarse(show, project, mia, image):
    large = make_stored_frame(make_acquisition(project, name="large.tif"), np.tile(image, (2, 2)))
    page = show(large)
    Membership.objects.filter(user=mia).delete()
    page.keyboard.press("z")  # full-size tiles are not here yet
    expect(page.locator("#viewer-trouble")).to_contain_text("may no longer see it")


def test_a_file_still_being_read_has_no_page(site, log_in, mia, frame, page):
    Acquisition.objects.update(status=Acquisition.Status.IMPORTING)
    log_in(mia)
    assert page.goto(f"{site}/frames/{frame.pk}/").status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_small_laptop_and_its_canvas_is_neutral(show, frame, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(frame)
    page.keyboard.press("0")
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollHeight <= innerHeight && {root}.scrollWidth <= innerWidth")
    assert grey_at(page, 2, 2) < 60  # the surround: dark and without a tint in both
    for name in ("#canvas", "#status-bar", "#side-panel", "#tools"):
        box = page.locator(name).bounding_box()
        assert box["y"] + box["height"] <= 768.5
