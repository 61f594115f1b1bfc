"""The bar above an image on laptops: every button is where one clicks, long names give way."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.editor_fixtures import editor, frame
from tests.browser.editor_page import EditorPage

__all__ = ["editor", "frame"]

NAME = "Gold nanorods grown from seeds, batch 7 of the ageing study at 40 °C, J. Dietz"
SHOTS = os.environ.get("ETEM_SHOTS")
# Controls of the bar at whose middle something else is, or that are cut off by the window.
COVERED = """() => [...document.querySelectorAll(
  '.frame-bar :is(button, a.brand, output, #active-class)'
)].flatMap((one) => {
  const { left, right, top, bottom, width } = one.getBoundingClientRect();
  if (!width || one.closest('.menu')) return [];
  const found = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const isWhole = left >= 0 && right <= innerWidth && top >= 0;
  return isWhole && one.contains(found) ? [] : [one.id || one.textContent.trim()];
})"""
CUT = "(one) => one.scrollWidth > one.clientWidth"


@pytest.fixture
def long_names(project, frame):
    project.name = NAME
    project.save()
    frame.acquisition.name = "2024-05-17_AuNR_batch7_40C_t0360min_0001_HAADF_STEM_drift-corrected.dm4"
    frame.acquisition.save()
    return frame


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (1200, 800), (1024, 700), (800, 700)])
def test_every_button_of_the_bar_is_where_one_clicks(long_names, site, page, mia, size, scheme):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.emulate_media(color_scheme=scheme)
    editor = EditorPage(page, site, long_names).log_in(mia).open()
    editor.drag((100, 100), (160, 150))
    expect(page.locator("#undo")).to_be_enabled()
    editor.wait_saved()
    if SHOTS:
        Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=f"{SHOTS}/bar-{size[0]}-{scheme}.png")
    assert page.evaluate(COVERED) == []
    for place in ("#active-class", "#active-class .active-class-name", "#saved-state", "#editor-bar"):
        assert not page.locator(place).evaluate(CUT), place
    assert page.locator(".frame-bar .crumbs li").first.evaluate(CUT)  # this gives way, and its end is "…"
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.locator("#undo").click()
    editor.expect_count(0)


def test_at_a_laptops_width_every_word_of_the_bar_is_there(long_names, editor):
    bar = editor.page.locator(".frame-bar")
    for words in ("New boxes: ", "nanoparticle", "Saved", "Fit", "1:1", "Mia"):
        expect(bar.get_by_text(words, exact=False).first).to_be_in_viewport(ratio=1)
    assert editor.page.locator(".user-name").evaluate(CUT) is False


def test_a_screen_reader_finds_the_page_by_its_heading(long_names, editor):
    heading = editor.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(long_names.acquisition.name)
