"""Drawing, editing and deciding in a real browser, against the real server."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from annotations.models import Particle
from annotations.services.layers import working_layer
from tests.browser.editor_fixtures import editor, frame, particles, suggested
from tests.browser.editor_page import NO_SOCKETS, EditorPage, Wire, eventually
from tests.factories import make_calibration, make_particle

__all__ = ["editor", "frame", "particles", "suggested"]


def test_it_works(editor, particles, mia):
    editor.drag((100, 100), (160, 150))
    editor.expect_count(1)
    editor.wait_saved()
    particle = particles.get()
    assert (particle.x, particle.y) == pytest.approx((100, 100), abs=1)
    assert (particle.width, particle.height) == pytest.approx((60, 50), abs=2)
    assert particle.label_class.name == "nanoparticle"
    assert particle.created_by == mia


def test_a_box_is_drawn_on_top_of_another(editor, particles):
    editor.drag((50, 50), (300, 300))
    editor.drag((100, 100), (200, 200))
    editor.expect_count(2)
    editor.wait_saved()
    assert sorted(round(p.width) for p in particles.all()) == pytest.approx([100, 250], abs=2)


def test_ctrl_drag_moves_and_the_select_tool_resizes(editor, particles):
    editor.drag((100, 100), (200, 200))
    editor.drag((150, 150), (200, 250), modifier="Control")
    editor.wait_saved()
    particle = particles.get()
    assert (particle.x, particle.y) == pytest.approx((150, 200), abs=2)
    editor.press("v")
    editor.drag((250, 300), (300, 330))
    editor.wait_saved()
    particle.refresh_from_db()
    assert (particle.x, particle.y) == pytest.approx((150, 200), abs=2)
    assert (particle.width, particle.height) == pytest.approx((150, 130), abs=3)


def test_classes_undo_and_redo_survive_a_reload(editor, particles):
    editor.drag((100, 100), (160, 150))
    editor.press("2")
    editor.drag((300, 300), (340, 350))  # the class is sticky
    editor.press("Delete")
    editor.wait_saved()
    assert [p.label_class.name for p in particles.all()] == ["nanotube"]
    editor.open()
    editor.expect_count(1)
    expect(editor.page.locator("#undo")).to_be_enabled()
    editor.press("Control+z")
    editor.expect_count(2)
    editor.wait_saved()
    assert {p.label_class.name for p in particles.all()} == {"nanotube"}
    editor.press("Control+z", "Control+z")  # the second drawing, then the class
    editor.expect_count(1)
    editor.wait_saved()
    assert [p.label_class.name for p in particles.all()] == ["nanoparticle"]
    editor.open()
    expect(editor.page.locator("#redo")).to_be_enabled()
    editor.press("Control+Shift+z")
    editor.wait_saved()
    assert [p.label_class.name for p in particles.all()] == ["nanotube"]


def test_many_are_selected_copied_relabelled_and_deleted(editor, particles):
    for x in (60, 160, 260):
        editor.drag((x, 60), (x + 50, 110))
    editor.press("v")
    editor.drag((40, 40), (230, 130))  # a frame around the first two
    editor.press("2", "Control+d")
    editor.expect_count(5)
    editor.wait_saved()
    assert particles.filter(label_class__name="nanotube").count() == 4
    editor.press("Control+a", "Delete")
    editor.expect_count(0)
    editor.press("Control+z")
    editor.expect_count(5)
    editor.wait_saved()
    assert particles.count() == 5


def test_the_whole_work_by_keyboard_alone(editor, particles):
    editor.page.locator("#canvas").focus()
    editor.press("Enter")
    editor.expect_count(1)
    editor.wait_saved()
    start = particles.get()
    editor.press("ArrowRight", "Shift+ArrowDown", "Control+ArrowRight", "Control+Shift+ArrowUp", "2")
    editor.press("Escape", "Enter", "Escape", "Tab", "Tab")
    editor.wait_saved()
    moved = particles.get(pk=start.pk)
    assert (moved.x, moved.y) == (start.x + 1, start.y + 10)
    assert (moved.width, moved.height) == (start.width + 1, start.height - 10)
    assert moved.label_class.name == "nanotube"
    editor.press("Delete")
    editor.expect_count(1)
    editor.press("Escape", "Escape", "Tab")  # out of the image again: no keyboard trap
    assert editor.page.evaluate("document.activeElement.id") != "canvas"
    editor.press("?")
    expect(editor.page.get_by_role("dialog")).to_contain_text("Resize the box by 1 px")


# Where the focus is, and whether one sees it: a ring around it, or around what it stands for.
FOCUSED = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
  const name = at.id || at.getAttribute("aria-label") || at.textContent.trim().slice(0, 40) || at.outerHTML;
  return [name, (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none"];
}"""


def test_every_stop_of_the_tab_key_shows_a_ring(suggested, editor):
    page = editor.page
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    expect(page.locator("#confidence-count")).to_have_text("3 of 4 open shown")
    stops = {}
    for _ in range(120):
        editor.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        stops[focused[0]] = focused[1]
    assert {"canvas", "tool-box", "confidence", "next-suggestion", "particle-list"} <= stops.keys()
    assert not [name for name, is_seen in stops.items() if not is_seen]


def test_sizes_are_in_pixels_without_a_calibration_and_in_nm_with_one(editor, frame, project):
    editor.drag((100, 100), (160, 150))
    size = editor.page.locator("#particle-list .cell-size")
    expect(size).to_contain_text("px")
    assert "nm" not in editor.page.locator("#side-panel").inner_text().replace("nm/px", "")
    make_calibration(frame.acquisition, 0.5)
    editor.wait_saved()
    editor.open()
    expect(size).to_have_text(re.compile(r"30\.\d × 25\.\d nm|\d\d\.\d × \d\d\.\d nm"))


def test_fit_finds_the_disc_in_the_box(editor, particles, frame):
    make_calibration(frame.acquisition, 0.5)
    editor.open()
    editor.drag((98, 98), (158, 158))
    editor.press("f")
    eventually(lambda: particles.filter(outline__isnull=False).exists())
    editor.wait_saved()
    particle = particles.get()
    assert particle.ecd_px == pytest.approx(40, abs=0.5)  # the drawn disc's diameter
    assert particle.ecd_nm == pytest.approx(20, abs=0.25)
    expect(editor.page.locator("#particle-list .cell-size")).to_contain_text("⌀ 20.")
    editor.press("Control+z")
    editor.wait_saved()
    eventually(lambda: not particles.filter(outline__isnull=False).exists())


def test_new_boxes_are_fitted_automatically(editor, particles):
    editor.press("Shift+f")
    editor.drag((354, 354), (414, 414))
    eventually(lambda: particles.filter(outline__isnull=False).exists())
    editor.wait_saved()
    editor.press("Control+z")  # drawing and fitting are one gesture
    editor.expect_count(0)
    editor.wait_saved()
    assert not particles.exists()


def test_offline_edits_wait_and_are_sent(editor, particles):
    editor.page.context.set_offline(True)
    editor.drag((100, 100), (160, 150))
    editor.drag((200, 200), (260, 250))
    state = editor.page.locator("#saved-state")
    expect(state).to_contain_text("Offline: 2 edits kept here")
    assert not particles.exists()
    editor.page.context.set_offline(False)
    editor.wait_saved()
    assert particles.count() == 2


def test_what_was_drawn_is_never_saved_under_another_name(editor, owner, mia, particles):
    before = list(Session.objects.values_list("pk", flat=True))
    editor.log_in(owner)
    # What a log-in does to the one before it in the same browser; afterwards, since an answer to a request
    # that still bore the old one would take the cookie away, the new one too.
    Session.objects.filter(pk__in=before).delete()
    editor.drag((100, 100), (160, 150))
    state = editor.page.locator("#saved-state")
    expect(state).to_have_text("Log in to save 1 edit")
    expect(state).to_have_attribute("title", re.compile("olga has logged in here since"))
    assert not particles.exists()
    editor.open()  # now olga's page, which has nothing of Mia's to send
    editor.expect_count(0)
    editor.log_in(mia).open()
    editor.expect_count(1)
    editor.wait_saved()
    assert particles.get().created_by == mia


def test_a_new_box_is_asked_for_only_when_it_is_saved(editor):
    missed = []
    editor.page.on("response", lambda r: r.status == 404 and missed.append(r.url))
    editor.drag((100, 100), (160, 150))
    panel = editor.page.locator("#panel-selection")
    expect(panel).to_contain_text("drawn, by")
    editor.page.context.set_offline(True)
    editor.drag((200, 200), (260, 250))
    expect(panel).to_contain_text("No outline yet")
    editor.page.context.set_offline(False)
    expect(panel).to_contain_text("drawn, by")
    assert not missed


def test_what_another_draws_appears_without_a_reload(editor, frame, owner, site, browser, particles):
    other_context = browser.new_context(viewport={"width": 1366, "height": 768})
    other = EditorPage(other_context.new_page(), site, frame).log_in(owner).open()
    other.drag((100, 100), (160, 150))
    editor.expect_count(1)
    other.wait_saved()
    # Both move it, one has not seen the other's move yet: it is told, and may choose.
    editor.page.context.set_offline(True)
    editor.drag((130, 120), (230, 220), modifier="Control")
    other.drag((130, 120), (130, 320), modifier="Control")
    other.wait_saved()
    editor.page.context.set_offline(False)
    notice = editor.page.locator("#notices .notice")
    expect(notice).to_contain_text("olga moved this box")
    assert particles.get().y == pytest.approx(300, abs=3)
    notice.get_by_role("button", name="Take mine").click()
    editor.wait_saved()
    assert particles.get().x == pytest.approx(200, abs=3)
    other_context.close()


def test_a_viewer_looks_but_cannot_draw(site, page, frame, vic, mia, particles):
    make_particle(working_layer(frame=frame))
    editor = EditorPage(page, site, frame).log_in(vic).open()
    editor.expect_count(1)
    expect(page.locator("#tool-box")).to_have_count(0)
    editor.press("Enter", "Control+a", "Delete")
    editor.drag((300, 300), (350, 350))
    editor.expect_count(1)
    assert particles.count() == 1


def test_one_edit_is_less_than_a_kilobyte_on_the_wire(frame, site, page, mia):
    layer = working_layer(frame=frame)
    Particle.objects.bulk_create(
        Particle(layer=layer, x=i % 500, y=i // 10, width=5, height=5) for i in range(5000)
    )
    wire = Wire(page)
    with page.expect_response(re.compile(rf"/api/v1/frames/{frame.pk}/$")):  # asked for once the feed is live
        editor = EditorPage(page, site, frame).log_in(mia).open()
    wire.take(0)
    for i in range(3):
        editor.drag((100 + 60 * i, 400), (140 + 60 * i, 450))
        editor.wait_saved()
        assert not wire.requests
        assert wire.take() < 1000
    assert layer.particles.count() == 5003


def test_edits_are_saved_by_plain_http_where_no_socket_gets_through(frame, site, page, mia, particles):
    page.add_init_script(NO_SOCKETS)
    wire = Wire(page)
    editor = EditorPage(page, site, frame).log_in(mia).open()
    editor.drag((100, 100), (160, 150))
    editor.wait_saved()
    assert particles.count() == 1
    assert wire.take() > 1000  # its headers
    assert not wire.sent
    assert not editor.troubles
