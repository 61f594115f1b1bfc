"""The viewer in a real browser: what is seen, by mouse, touch and keyboard."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.models import Acquisition, Membership
from tests.browser.viewer_page import grey_at, hover, set_window
from tests.factories import make_acquisition
from tests.stored import make_stored_frame


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
    page.keyboard.press("0")
    expect(level).to_have_text(fitted)
    page.keyboard.press("i")
    expect(page.locator("#contrast-invert")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Shift+A")
    low, high = page.locator("#contrast-low"), page.locator("#contrast-high")
    expect(low).to_have_value("100")
    expect(high).to_have_value("4000")
    for key, black, white in [("l", "295", "4195"), ("Shift+L", "100", "4000"), ("w", "-95", "4195")]:
        page.keyboard.press(key)
        expect(low).to_have_value(black.replace("-", "−"))
        expect(high).to_have_value(white)
    page.keyboard.press("Shift+W")
    expect(high).to_have_value("4000")
    page.keyboard.press("g")
    expect(page.locator("#contrast-gamma-value")).to_have_text("1.10")
    page.keyboard.press("Shift+G")
    page.keyboard.press("Shift+G")
    expect(page.locator("#contrast-gamma-value")).to_have_text("0.91")
    page.keyboard.press("?")
    for said in ("Window wider, narrower", "Level up, down", "Gamma up, down"):
        expect(page.get_by_role("dialog")).to_contain_text(said)
    expect(page.locator("#contrast-invert")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("Fit to the window")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_points_of_the_histogram_move_by_keyboard(show, frame):
    page = show(frame)
    handle = page.get_by_role("slider", name="Black point")

    def black():
        # It is told once a frame, however fast the keys.
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return float(handle.get_attribute("aria-valuenow"))

    before = black()
    handle.focus()
    page.keyboard.press("ArrowRight")
    once = black()
    page.keyboard.press("Shift+ArrowRight")
    assert before < once < black()
    page.keyboard.press("End")  # stops below the white point
    white = float(page.get_by_role("slider", name="White point").get_attribute("aria-valuenow"))
    assert black() < white


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
    expect(trouble).to_be_hidden()
    page.keyboard.press("z")
    assert grey_at(page, 300, 200) > 0


def test_who_is_no_longer_a_member_learns_why_it_stays_coarse(show, project, mia, image, page):
    large = make_stored_frame(make_acquisition(project, name="large.tif"), np.tile(image, (2, 2)))
    with page.expect_response(re.compile(rf"/api/v1/frames/{large.pk}/$")):  # asked for once the feed is live
        show(large)
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
