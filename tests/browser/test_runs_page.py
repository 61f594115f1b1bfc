"""Start a run over the project from its page and watch it end, without a reload."""

import re

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from mlcore.models import Run
from mlcore.services.runs import pause_run, start_inference
from tests import phantoms
from tests.factories import make_acquisition, make_label_class
from tests.integration.mlcore.test_runs import store_frame
from tests.integration.run_rows import make_run


@pytest.fixture
def frames(project):
    make_label_class(project)
    acquisition = make_acquisition(project, name="gold-particles.tif")
    image = phantoms.micrograph(256, phantoms.grid_discs(256, 24, 20))
    return [store_frame(acquisition, image) for _ in range(3)]


def test_a_run_is_started_and_watched_to_its_end(site, frames, mia, project, log_in):
    page = log_in(mia)
    page.goto(f"{site}/projects/{project.pk}/runs/")
    expect(page.get_by_role("heading", name="No run yet")).to_be_visible()
    page.get_by_role("button", name="Search 3 images").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator("#run-head .chip")).to_have_text("Done", timeout=60_000)
    expect(page.locator("#rows tr")).to_have_count(3)
    page.get_by_role("link", name=re.compile("gold-particles.tif · frame 2")).click()
    expect(page).to_have_url(re.compile(rf"/frames/{frames[1].pk}/"))


def test_a_viewer_sees_runs_but_no_button(site, frames, vic, project, log_in):
    page = log_in(vic)
    page.goto(f"{site}/projects/{project.pk}/runs/")
    expect(page.get_by_text("Annotators of this project start runs")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Search"))).to_have_count(0)


def test_a_run_is_paused_resumed_and_noted_on_by_keyboard(site, frames, mia, project, log_in):
    run = start_inference(by=mia, project=project)
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run.pk)
        if run.status == "queued":
            pause_run(run=run)  # as if somebody else had, before a worker came
    page = log_in(mia)
    page.goto(f"{site}/runs/{run.pk}/")
    expect(page.locator("#run-head .chip")).to_have_text(re.compile("Paused|Done"), timeout=60_000)
    notes = page.get_by_role("textbox", name="Notes")
    notes.fill("Too dark.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(notes).to_have_value("Too dark.")
    if resume := page.get_by_role("button", name="Resume").all():
        resume[0].focus()
        page.keyboard.press("Enter")
    expect(page.locator("#run-head .chip")).to_have_text("Done", timeout=60_000)


def test_the_queue_names_workers_and_what_waits(site, frames, mia, project, log_in):
    run = make_run(project, status="paused")
    make_run(project, engine="network", status="queued", created_by=mia, dispatched_at=timezone.now())
    page = log_in(mia)
    page.goto(f"{site}/projects/{project.pk}/runs/")
    page.get_by_role("link", name="Queue").click()
    expect(page.get_by_role("heading", name="Queue", exact=True)).to_be_visible()
    expect(page.locator("#queues")).to_contain_text("single images that somebody waits for")
    expect(page.locator("#queue")).not_to_contain_text(f"Run {run.pk}")
