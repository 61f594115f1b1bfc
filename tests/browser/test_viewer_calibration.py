"""Calibration as the viewer shows it, and as its scale bar sets it."""

import re

import pytest
from playwright.sync_api import expect

from annotations.models import Calibration
from annotations.services.api_tokens import create_token
from tests.browser.viewer_page import hover
from tests.factories import make_calibration, make_layer, make_particle


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


def test_a_calibration_from_elsewhere_reaches_the_open_image(show, site, frame, owner):
    """Another person's, while the page is open: the bar, the panel and the sizes of what is drawn."""
    make_particle(make_layer(frame), x=100, y=100, width=100, height=50)
    page = show(frame)
    expect(page.locator("#particle-list")).to_contain_text("px")
    secret = create_token(user=owner, name="elsewhere")[1]

    def send(body):
        url = f"{site}/api/v1/acquisitions/{frame.acquisition_id}/calibrations/"
        assert page.request.post(url, data=body, headers={"Authorization": f"Bearer {secret}"}).ok

    send({"kind": "typed", "pixel_size_x_nm": 0.5})
    expect(page.locator("#toasts")).to_contain_text("Calibrated by olga: 0.5 nm/px")  # first: it goes away
    expect(page.locator("#calibration-chip")).to_have_text("0.5 nm/px")
    expect(page.locator("#calibration-banner")).to_be_hidden()
    expect(page.locator("#calibration-source")).to_contain_text("olga")
    expect(page.locator("#particle-list")).to_contain_text("nm")
    send({"kind": "withdrawn"})
    expect(page.locator("#calibration-chip")).to_have_text("pixels only")
    expect(page.locator("#particle-list")).not_to_contain_text("nm")
    page.evaluate("window.canvasTexts = []")
    hover(page, 410, 300)
    assert "nm" not in page.locator("#status-bar").inner_text()
