"""Models: promoted and taken back by keyboard, the queue of images to annotate, what viewers see of it."""

import re

import pytest
from playwright.sync_api import expect

from annotations.models import Role
from tests import phantoms
from tests.factories import make_acquisition, make_membership, make_user
from tests.integration.mlcore.test_compare import compared
from tests.integration.mlcore.test_runs import store_frame
from tests.integration.model_rows import make_dataset, make_evaluation, make_model


@pytest.fixture
def model(project, tmp_path):
    dataset, model = make_dataset(project, tmp_path), make_model(project, tmp_path)
    make_evaluation(dataset, model, [(9, 10, 10)] * 12)
    make_evaluation(dataset, None, [(8, 10, 10)] * 12)
    return model


@pytest.fixture
def rex(project):
    user = make_user("rex")
    make_membership(project, user, Role.REVIEWER)
    return user


def press(page, name):
    """Reach a button or link by Tab, from the page's beginning, and press it."""
    page.locator("body").press("Home")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith(name):
            return page.keyboard.press("Enter")
    raise AssertionError(f"Tab never reaches “{name}”.")


def test_a_model_is_promoted_and_taken_back_by_keyboard(site, model, rex, project, log_in):
    page = log_in(rex)
    page.goto(f"{site}/projects/{project.pk}/models/")
    press(page, "Compare")
    expect(page.get_by_role("heading", name="Model 1 (Try a) against the shipped model")).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("0.100")
    press(page, "Promote Model 1")
    expect(page.locator("#champion h2")).to_have_text("Champion: Model 1 (Try a)")
    press(page, "Back to the shipped model")
    expect(page.locator("#champion h2")).to_have_text("Champion: the shipped model")
    expect(page.locator("#history tbody tr")).to_have_count(2)


def test_who_was_overtaken_is_told(site, model, rex, owner, project, log_in, context, tmp_path):
    other = make_model(project, tmp_path, note="b")
    make_evaluation(project.datasets.get(), other, [(9, 10, 10)] * 12)
    page = log_in(rex)
    page.goto(f"{site}/models/{model.pk}/promote/")
    second = context.new_page()
    second.goto(f"{site}/models/{other.pk}/promote/")
    second.get_by_role("button", name="Promote Model 2").click()
    expect(second.locator("#champion h2")).to_have_text("Champion: Model 2 (Try b)")
    page.get_by_role("button", name="Promote Model 1").click()
    expect(page.get_by_text("rex made Model 2 (Try b) the champion meanwhile")).to_be_visible()
    assert project.promotions.count() == 1


def test_the_queue_opens_the_editor_and_goes_on(site, mia, project, log_in):
    frames = [
        store_frame(
            make_acquisition(project, name=f"image-{k}.tif"), phantoms.micrograph(160, [(80, 80, 30)])
        )
        for k in range(2)
    ]
    compared(project, *((one, {"agreement": 0.2 + 0.5 * k}) for k, one in enumerate(frames)))
    page = log_in(mia)
    page.goto(f"{site}/projects/{project.pk}/next/")
    expect(page.locator("#rows tr")).to_have_count(2)
    expect(page.locator("#rows tr").first).to_contain_text("agree on 20%")
    page.get_by_role("link", name="Begin with the first").click()
    expect(page).to_have_url(re.compile(rf"/frames/{frames[0].pk}/\?queue=1"))
    page.get_by_role("button", name="Next in queue").click()
    expect(page).to_have_url(re.compile(rf"/frames/{frames[1].pk}/\?queue=1"))
    page.get_by_role("button", name="Next in queue").click()
    expect(page.get_by_text("That was the last image of the queue.")).to_be_visible()


def test_a_viewer_sees_figures_but_no_button(site, model, vic, project, log_in):
    page = log_in(vic)
    page.goto(f"{site}/models/{model.pk}/promote/")
    expect(page.locator("#verdict")).to_contain_text("0.100")
    expect(page.get_by_role("button", name=re.compile("Promote|Evaluate"))).to_have_count(0)
    page.goto(f"{site}/projects/{project.pk}/next/")
    expect(page.get_by_role("button", name=re.compile("Sort|Fine-tune"))).to_have_count(0)
