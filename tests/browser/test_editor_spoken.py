"""What a screen reader hears of the work by keyboard, and where the focus is afterwards."""

import pytest
from playwright.sync_api import expect

from annotations.services.layers import working_layer
from tests.browser.editor_fixtures import editor, frame, particles, suggested
from tests.browser.editor_page import EditorPage, eventually
from tests.factories import make_particle

__all__ = ["editor", "frame", "particles", "suggested"]

PLATE_PX = 16 + 42  # of the scale bar, from the view's lower edge: canvas/scale_bar.js
FOCUS = "document.activeElement.id"


@pytest.fixture
def heard(editor):
    words = editor.page.locator("[data-announce]")
    return lambda text: expect(words).to_contain_text(text)


def test_every_edit_by_keyboard_is_told(editor, heard):
    editor.page.locator("#canvas").focus()
    editor.press("Enter")
    heard("Drawn: nanoparticle")
    editor.press("ArrowRight")
    heard("Moved: nanoparticle")
    editor.press("Control+ArrowRight")
    heard("Resized: nanoparticle")
    editor.press("2")
    heard("Class set: nanotube")
    editor.press("Control+d")
    heard("Copied: nanotube")
    editor.press("Delete")
    heard("Deleted: nanotube")
    editor.press("Control+a", "ArrowDown")
    heard("Moved: nanotube")
    editor.press("Control+Shift+ArrowLeft", "Control+d", "Control+a", "Delete")
    heard("Deleted: 2 boxes")
    editor.expect_count(0)


def test_a_box_at_the_edge_is_told_to_be_there(editor, heard):
    editor.drag((0, 100), (60, 150))
    editor.page.locator("#canvas").focus()
    for _ in range(3):
        editor.press("Shift+ArrowLeft")
    heard("At the image's edge")


def test_the_outcome_of_a_fit_is_told_and_a_refused_one_is_not_still_being_fitted(editor, heard):
    editor.drag((98, 98), (158, 158))
    editor.press("f")
    heard("Outline fitted: nanoparticle, ⌀")
    editor.drag((300, 60), (340, 100))  # nothing but the ground
    editor.press("f")
    expect(editor.page.locator("#notices .notice")).to_be_visible()
    expect(editor.page.locator("[data-announce]")).to_have_text("")


def test_a_notice_leaves_the_scale_bar_free(editor):
    page = editor.page
    editor.drag((300, 60), (340, 100))
    editor.press("f")
    notice = page.locator("#notices .notice")
    expect(notice).to_be_visible()
    end = notice.evaluate("(one) => one.getBoundingClientRect().bottom")
    view = page.locator("#viewer").bounding_box()
    assert end <= view["y"] + view["height"] - PLATE_PX


def test_the_focus_stays_in_the_panel_when_all_is_accepted_by_keyboard(suggested, editor):
    page = editor.page
    accept_all = page.locator("#accept-all")
    expect(accept_all).to_have_text("Accept 3")
    page.locator("#next-suggestion").focus()
    editor.press("Enter")
    expect(page.locator("#accept")).to_be_enabled()
    accept_all.focus()
    editor.press("Enter")
    expect(accept_all).to_be_disabled()
    expect(page.locator("#accept")).to_be_disabled()
    expect(page.locator("#reject")).to_be_disabled()
    assert page.evaluate(FOCUS) == "confidence"


def test_the_focus_goes_to_the_other_button_when_all_is_undone(editor):
    editor.drag((100, 100), (160, 150))
    editor.page.locator("#undo").focus()
    editor.press("Enter")
    expect(editor.page.locator("#undo")).to_be_disabled()
    assert editor.page.evaluate(FOCUS) == "redo"


def test_the_list_scrolls_by_keyboard_under_its_heads(site, page, frame, mia):
    layer = working_layer(frame=frame)
    for i in range(60):
        make_particle(layer, x=5 + 8 * i, y=5 + 8 * i)
    editor = EditorPage(page, site, frame).log_in(mia).open()
    grid = page.locator("#particle-list")
    grid.focus()
    editor.press("End")
    last = grid.locator("[aria-selected=true]")
    expect(last).to_be_in_viewport(ratio=1)
    expect(last.locator(".cell-number")).to_have_text("60")
    assert grid.evaluate("(one) => one.scrollTop > 0")
    expect(grid.locator(".list-heads")).to_be_in_viewport(ratio=1)
    editor.press("Home")
    eventually(lambda: grid.evaluate("(one) => one.scrollTop") == 0)


def test_who_may_not_draw_is_offered_no_class(site, page, frame, vic):
    make_particle(working_layer(frame=frame))
    EditorPage(page, site, frame).log_in(vic).open()
    legend = page.locator(".legend")
    expect(legend).to_contain_text("nanoparticle")
    expect(legend.locator("kbd, [aria-pressed].legend-class")).to_have_count(0)
    expect(legend.get_by_role("button", name="Show nanoparticle")).to_be_visible()


def test_the_help_names_what_the_mouse_does(editor):
    editor.press("?")
    expect(editor.page.get_by_role("dialog")).to_contain_text("Right-drag")
