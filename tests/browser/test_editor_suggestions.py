"""Deciding on suggestions, and searches, in a real browser."""

from playwright.sync_api import expect

from annotations.models import Particle
from annotations.services.layers import working_layer
from mlcore.models import Run
from mlcore.services.lease import lease
from tests.browser.editor_fixtures import editor, frame, particles, suggested
from tests.browser.editor_page import EditorPage, eventually
from tests.factories import make_layer, make_particle

__all__ = ["editor", "frame", "particles", "suggested"]


def test_suggestions_and_the_list_by_keyboard_alone(suggested, editor, particles):
    page = editor.page
    expect(page.locator("#confidence-count")).to_have_text("3 of 4 open shown")
    page.locator("#confidence").focus()
    editor.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    expect(page.locator("#confidence-count")).to_have_text("2 of 4 open shown")  # 0.31 and above
    page.locator("#canvas").focus()
    editor.press("j", "j", "n", "y")  # the second of two is rejected, so the first is next
    editor.expect_count(1)
    editor.wait_saved()
    found = dict(suggested.particles.values_list("confidence", "decision"))
    assert found == {0.1: "pending", 0.3: "pending", 0.6: "accepted", 0.9: "rejected"}
    zoom = page.locator("#zoom-level").inner_text()
    editor.press("Enter", "+", "ArrowLeft")  # a second box; the arrow moves it, not the view
    editor.expect_count(2)
    expect(page.locator("#zoom-level")).not_to_have_text(zoom)
    page.locator("#particle-list").focus()
    editor.press("End", "Home", "ArrowDown")
    expect(page.locator("#status-message, [data-announce]").first).to_contain_text("2 of 2")
    editor.press("Delete")
    editor.expect_count(1)
    page.locator("#canvas").focus()
    editor.press("Control+z")
    editor.expect_count(2)
    editor.press("Control+Shift+z")
    editor.expect_count(1)
    editor.wait_saved()
    assert particles.count() == 1


def test_a_search_under_way_is_followed_after_a_reload(frame, site, page, mia, project):
    run = Run.objects.create(project=project, frame=frame, status=Run.Status.SUCCEEDED, created_by=mia)
    with lease(run.pk):  # or the worker takes it for one that nobody works on
        Run.objects.filter(pk=run.pk).update(status=Run.Status.RUNNING)
        EditorPage(page, site, frame).log_in(mia).open()
        button = page.locator("#find-particles")
        expect(button).to_have_text("Looking…")
        expect(button).to_be_disabled()
        expect(page.locator("#cancel-run")).to_be_visible()
        Run.objects.filter(pk=run.pk).update(status=Run.Status.SUCCEEDED)
    expect(page.locator("#run-message")).to_have_text("Nothing was found on this image.")
    expect(button).to_be_enabled()


def test_suggestions_are_filtered_decided_by_key_and_taken_back(suggested, editor, particles):
    count = editor.page.locator("#confidence-count")
    expect(count).to_have_text("3 of 4 open shown")
    editor.page.locator("#confidence").fill("0.5")
    expect(count).to_have_text("2 of 4 open shown")
    editor.page.locator("#canvas").focus()
    editor.press("j", "y")  # by place: the one of 0.6
    editor.expect_count(1)
    editor.wait_saved()
    assert particles.get().confidence == 0.6
    editor.press("n")
    editor.wait_saved()
    found = dict(suggested.particles.values_list("confidence", "decision"))
    assert found == {0.1: "pending", 0.3: "pending", 0.6: "accepted", 0.9: "rejected"}
    editor.press("Control+z", "Control+z")
    editor.expect_count(0)
    editor.wait_saved()
    assert set(suggested.particles.values_list("decision", flat=True)) == {"pending"}
    expect(count).to_have_text("2 of 4 open shown")


def test_all_shown_are_accepted_and_all_below_rejected(suggested, editor, particles):
    editor.page.locator("#confidence").fill("0.5")
    editor.page.locator("#accept-all").click()
    editor.page.locator("#reject-below").click()
    editor.expect_count(2)
    editor.wait_saved()
    assert suggested.particles.filter(decision="rejected").count() == 2
    expect(editor.page.locator("#confidence-count")).to_have_text("All are decided.")
    assert particles.filter(origin="accepted").count() == 2


def test_what_is_there_already_is_no_open_work_and_not_added_twice(suggested, frame, editor, particles):
    page = editor.page
    count, button = page.locator("#confidence-count"), page.locator("#accept-all")
    button.click()  # the three above 0.25
    editor.wait_saved()
    again = make_layer(frame, kind="suggestion", name="classical")  # a second run: the same, and one more
    for old in suggested.particles.all():
        make_particle(again, x=old.x + 1, y=old.y, confidence=old.confidence, origin="suggested")
    make_particle(again, x=50, y=300, confidence=0.8, origin="suggested")
    editor.open()
    expect(count).to_have_text("1 of 2 open shown, 3 there already")
    expect(button).to_have_text("Accept 1")
    button.click()
    expect(page.locator("[data-announce]")).to_have_text("1 suggestion accepted, 3 are there already")
    editor.expect_count(4)
    editor.wait_saved()
    assert particles.count() == 4
    assert again.particles.filter(decision="accepted").count() == 4
    page.locator("#canvas").focus()
    editor.press("Control+z")
    editor.expect_count(3)
    editor.wait_saved()
    assert set(again.particles.values_list("decision", flat=True)) == {"pending"}
    expect(count).to_have_text("1 of 2 open shown, 3 there already")
    editor.press("j", "n")  # the new one: then only what is there already is undecided
    expect(button).to_have_text("Close 3 already there")
    button.click()
    editor.wait_saved()
    assert particles.count() == 3
    expect(count).to_have_text("0 of 1 open shown")
    expect(page.locator("#notices")).to_be_empty()


def test_what_another_drew_meanwhile_is_not_added_and_told(suggested, frame, editor, particles):
    one = suggested.particles.get(confidence=0.9)
    make_particle(working_layer(frame=frame), x=one.x, y=one.y)  # of which this page has not heard
    editor.page.locator("#canvas").focus()
    editor.press("j", "j", "j", "y")
    editor.wait_saved()
    told = "This particle is there already; nothing was added."
    expect(editor.page.locator("#notices .notice span").first).to_have_text(told)
    assert particles.count() == 1
    one.refresh_from_db()
    assert one.decision == "accepted"


def test_a_large_acceptance_is_taken_back_at_once_even_offline(frame, site, page, mia, particles):
    layer = make_layer(frame, kind="suggestion", name="classical")
    places = [(16 * (i % 30), 20 * (i // 30)) for i in range(600)]
    Particle.objects.bulk_create(
        Particle(layer=layer, x=x, y=y, width=10, height=10, confidence=0.9, origin="suggested")
        for x, y in places
    )
    editor = EditorPage(page, site, frame).log_in(mia).open()
    last = f"/layers/{working_layer(frame=frame).pk}/particles/?outlines=1"  # what follows on the decision
    with page.expect_response(lambda r: last in r.url):
        page.locator("#accept-all").click()
    editor.wait_saved()
    editor.expect_count(600)
    page.context.set_offline(True)
    editor.press("Control+z")
    editor.expect_count(0)
    page.context.set_offline(False)
    editor.wait_saved()
    eventually(lambda: not particles.exists())
