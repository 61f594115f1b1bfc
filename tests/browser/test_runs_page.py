"""Start a run over the project from its page and watch it end, without a reload."""

import re

import pytest
from playwright.sync_api import expect

from tests import phantoms
from tests.factories import make_acquisition, make_label_class
from tests.integration.mlcore.test_runs import store_frame


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
