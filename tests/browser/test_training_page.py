"""A training on its page: curves and pictures grow without a reload, and the slider goes back in steps."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from playwright.sync_api import expect

from mlcore.models import Run
from mlcore.services.progress import note_line, note_point, note_sample
from mlcore.services.runs import end, summary
from mlcore.training.limits import usual
from tests import phantoms
from tests.integration.mlcore.test_training_pages import frozen, training


@pytest.fixture
def dataset(project):
    return frozen(project)


def elsewhere(work, *arguments):
    """From a thread, as nothing can be pushed from this one: Playwright's loop runs in it."""

    def run():
        try:
            work(*arguments)
        finally:
            connection.close()  # the thread's own

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


def told(run, step):
    from annotations.services.notify import push
    from mlcore.training.watching import picture

    note_point(run, step, "train", {"loss": 1 / step})
    note_point(run, step, "val", {"loss": 2 / step, "f1": 1 - 1 / step})
    note_sample(run, step, "frame", picture(phantoms.micrograph(96, [(40, 40, 20)]), [], []))
    note_line(run, f"Step {step} is done.")
    push(project_id=run.project_id, kind="run", payload=summary(run))


def test_a_training_is_watched(site, project, mia, dataset, log_in):
    run = training(dataset, status="running", steps_done=2, step_s=1.5, created_by=mia)
    elsewhere(told, run, 2)
    page = log_in(mia)
    page.goto(f"{site}{run.get_absolute_url()}")
    points = page.locator("#run-charts [data-figure=score] .scatterlayer .point")
    expect(points).to_have_count(1)
    expect(page.get_by_alt_text("frame at step 2")).to_be_visible()
    elsewhere(told, run, 4)
    expect(points).to_have_count(2)
    expect(page.get_by_alt_text("frame at step 4")).to_be_visible()
    expect(page.locator("#run-lines")).to_contain_text("Step 4 is done.")
    page.get_by_label("Step", exact=False).and_(page.get_by_role("slider")).focus()
    page.keyboard.press("Home")
    expect(page.get_by_alt_text("frame at step 2")).to_be_visible()
    elsewhere(end, run, Run.Status.SUCCEEDED, "Model 1 was made.")
    expect(page.locator("#run-head .chip")).to_have_text("Done")
    expect(page.get_by_alt_text("frame at step 2")).to_be_visible()  # stays where it was put
    expect(points).to_have_count(2)


def test_the_form_is_filled_by_keyboard_and_says_what_is_wrong(site, project, mia, dataset, log_in):
    page = log_in(mia)
    page.goto(f"{site}/projects/{project.pk}/train/")
    expect(page.get_by_label("Steps")).to_have_attribute("placeholder", str(usual("train_detector")["steps"]))
    page.get_by_label("Crop").fill("100")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Crop must be a multiple of 32, got 100.")
    assert not Run.objects.exists()
    page.get_by_role("link", name="FeatureNet").click()
    expect(page).to_have_url(re.compile("kind=train_featurenet"))
    expect(page.get_by_label("Crop")).to_have_count(0)
