"""A COCO file for a worker: sent from the export page, followed on its own page, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from annotations.models import Particle, ParticleImport
from annotations.services import run_particle_import as large
from tests.browser.test_look import looked_at
from tests.integration.test_coco_import_large import coco_file, frames  # noqa: F401  (a fixture)

N = large.REQUEST_ANNOTATIONS_MAX + 1
WORKER_MS = 120_000  # to measure and write them on a machine with other things to do


@pytest.fixture
def send(site, project, frames, mia, log_in):  # noqa: F811
    """Choose a file on the export page and press a button; gives the page that follows."""

    def send(content, button="Import"):
        page = log_in(mia)
        page.goto(f"{site}/projects/{project.pk}/export/")
        file = {"name": "gold.json", "mimeType": "application/json", "buffer": content}
        page.get_by_label("COCO JSON file").set_input_files(file)
        page.get_by_role("button", name=button).click()
        expect(page).to_have_url(re.compile(r"/imports/\d+/$"))
        return page

    return send


def test_it_is_followed_to_its_end(send, frames, site):  # noqa: F811
    page = send(coco_file(N))
    expect(page.get_by_text(f"{N:,} particles imported.")).to_be_visible(timeout=WORKER_MS)
    assert Particle.objects.count() == N
    page.get_by_role("link", name="0.tif").click()
    expect(page).to_have_url(f"{site}/frames/{frames[0].pk}/")


def test_a_check_leads_back_to_the_form(send, site, project):
    page = send(coco_file(N), "Check the file")
    expect(page.get_by_text("Nothing is written yet.")).to_be_visible(timeout=WORKER_MS)
    page.get_by_role("link", name="Choose the file again").click()
    expect(page).to_have_url(f"{site}/projects/{project.pk}/export/#import")
    expect(page.get_by_label("COCO JSON file")).to_be_in_viewport()


def test_a_file_cut_short_is_refused_with_what_to_do(send):
    page = send(coco_file(N + 100)[:-3])
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Nothing was written.", timeout=WORKER_MS)
    expect(alert).to_contain_text("export it again as COCO JSON")
    assert not Particle.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_page_can_be_looked_at_in_every_state(site, project, mia, log_in, scheme, frames):  # noqa: F811
    def row(**over):
        own = {"project": project, "created_by": mia, "name": f"{'gold-on-carbon-' * 12}.json"}
        return ParticleImport.objects.create(**own, **over)

    page = log_in(mia)
    page.emulate_media(color_scheme=scheme)
    running = row(status="running")
    large.cache.set(large._progress_key(running.pk), 0.42, 60)
    done = row()
    report = large.prepare_import(project=project, by=mia, raw=coco_file(40), is_trial=True).report
    report.is_done = True
    done.report = large.report_json(report)
    done.status, done.finished_at = "done", done.created_at
    done.save()
    refused = row(status="refused", message="annotations[3]: an outline encloses no area.")
    failed = row(status="failed", message="Internal error in import 5; nothing was written.")
    states = {"waiting": row(), "running": running, "done": done, "refused": refused, "failed": failed}
    wrong = [
        words
        for name, one in states.items()
        for words in looked_at(page, site, f"/imports/{one.pk}/", f"import-{name}-{scheme}")
    ]
    assert not wrong
    page.goto(f"{site}/imports/{running.pk}/")
    expect(page.locator("#import")).to_contain_text("42 % done")
    large.cache.set(large._progress_key(running.pk), 0.77, 60)
    page.get_by_role("link", name="Back to export").focus()
    expect(page.locator("#import")).to_contain_text("77 % done")  # by itself
    expect(page.get_by_role("link", name="Back to export")).to_be_focused()
