"""The mark of a reviewer in a real browser: by key, ended by an edit, seen by others, and in the list."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from playwright.sync_api import expect

from annotations.models import Role
from annotations.services.layers import working_layer
from annotations.services.review import record_review
from tests.browser.editor_fixtures import frame, suggested
from tests.browser.editor_page import EditorPage, eventually
from tests.factories import make_membership, make_particle, make_user

__all__ = ["frame", "suggested"]


@pytest.fixture
def rex(project, transactional_db):
    user = make_user("rex")
    make_membership(project, user, Role.REVIEWER)
    return user


def mark(layer, by):
    try:
        record_review(layer=layer, by=by, sequence=layer.sequence)
    finally:
        connection.close()


def test_a_reviewer_marks_an_image_by_key_and_an_edit_ends_it(suggested, frame, site, page, rex, project):
    make_particle(working_layer(frame=frame))
    editor = EditorPage(page, site, frame).log_in(rex).open()
    state = page.locator("#review-state")
    expect(state).to_have_text("Not reviewed. 4 suggestions are open; nobody has decided on them.")
    page.locator("#canvas").focus()
    editor.press("r")
    expect(state).to_contain_text("Reviewed by rex")
    eventually(lambda: working_layer(frame=frame).is_reviewed)
    page.goto(f"{site}{project.get_absolute_url()}?review=reviewed")
    expect(page.locator(".acquisition .chip.ok")).to_contain_text("reviewed")
    editor.open()
    expect(state).to_contain_text("Reviewed by rex")
    page.locator("#canvas").focus()
    editor.press("Enter")  # a box at the view's centre
    editor.wait_saved()
    expect(state).to_contain_text("Edited since it was reviewed by rex")
    assert not working_layer(frame=frame).is_reviewed
    page.locator("#review-mark").click()
    expect(page.locator("#review-mark")).to_have_text("Take the mark off")
    page.locator("#review-mark").click()
    expect(page.locator("#review-mark")).to_have_text("Mark as reviewed")
    page.goto(f"{site}{project.get_absolute_url()}?review=reviewed")
    expect(page.locator(".acquisition")).to_have_count(0)
    assert not editor.troubles


def test_an_annotator_sees_the_mark_at_once_but_cannot_set_it(frame, site, page, mia, owner):
    editor = EditorPage(page, site, frame).log_in(mia).open()
    expect(page.locator("#review-state")).to_have_text("Not reviewed.")
    expect(page.locator("#review-mark")).to_have_count(0)
    layer = working_layer(frame=frame)
    with ThreadPoolExecutor(1) as elsewhere:  # this thread has the browser's event loop
        elsewhere.submit(mark, layer, owner).result()
    expect(page.locator("#review-state")).to_contain_text("Reviewed by olga")
    assert not editor.troubles
