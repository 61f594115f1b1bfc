"""The size page as a person uses it: see the chart, follow a bar to its particles, take the files home."""

import csv
import json

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.display.tiles import write_tiles
from annotations.services.pixels import tiles_path
from tests.sized import make_disc, make_sized_frame


@pytest.fixture
def frame(site, project):
    frame = make_sized_frame(project, [])
    image = np.random.default_rng(0).normal(1000, 50, (512, 512)).clip(0).astype(np.uint16)
    write_tiles(image, tiles_path(frame))
    calibration = frame.acquisition.calibrations.get()
    for k in range(40):
        at = (40 + 45 * (k % 10), 60 + 100 * (k // 10))
        make_disc(frame.layers.get(), 14 + k % 8, at=at, calibration=calibration)
    return frame


@pytest.fixture
def sizes(site, log_in, project, frame, mia):
    page = log_in(mia)
    page.problems = []
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(f"{site}/projects/{project.pk}/sizes/?bins=8&axis=linear")
    page.wait_for_selector("body[data-drawn]")
    return page


def test_a_bar_leads_to_its_particles(sizes):
    bars = sizes.locator("[data-figure=size] .bars .point")
    assert bars.count() == 8
    n = int(sizes.locator(".bins tbody tr").nth(3).locator("td").first.text_content())
    box = bars.nth(3).bounding_box()
    sizes.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 4)
    sizes.wait_for_url("**/particles/**")
    assert sizes.locator(".gallery li").count() == n > 0
    expect(sizes.locator(".gallery img").first).to_have_js_property("naturalWidth", 192)
    assert "ECD" in sizes.locator("h1").text_content()
    assert not sizes.problems


def test_a_bar_is_reached_by_keyboard_alone(sizes):
    sizes.locator(".bins summary").focus()
    sizes.keyboard.press("Enter")
    sizes.keyboard.press("Tab")
    while sizes.evaluate("document.activeElement.closest('tbody') === null"):
        sizes.keyboard.press("Tab")
    sizes.keyboard.press("Enter")
    sizes.wait_for_url("**/particles/**")
    assert sizes.locator(".gallery li").count() > 0


@pytest.mark.parametrize("scrolled_px", [0, 400])
def test_what_applies_the_choice_is_in_view_without_scrolling_its_panel(sizes, scrolled_px):
    sizes.evaluate(f"scrollTo(0, {scrolled_px})")
    expect(sizes.get_by_role("button", name="Apply")).to_be_in_viewport(ratio=1)


def test_a_changed_filter_draws_anew_without_a_button(sizes):
    sizes.get_by_label("Axis").select_option("log")
    sizes.wait_for_url("**axis=log**")
    sizes.wait_for_selector("body[data-drawn]")
    assert sizes.locator("[data-figure=size] .xaxislayer-above .xtick").count() >= 4


def test_the_figure_goes_home_with_its_caption(sizes, tmp_path):
    for kind, start in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with sizes.expect_download() as found:
            sizes.get_by_role("button", name=kind).click()
        raw = found.value.path().read_bytes()
        assert raw.startswith(start), kind
        if kind == "SVG":
            assert "40 particles on 1 image" in raw.decode()


def test_the_colours_follow_the_theme(sizes):
    paper = sizes.locator("[data-figure=size] .main-svg").first
    light = paper.get_attribute("style")
    sizes.emulate_media(color_scheme="dark")
    expect(paper).not_to_have_attribute("style", light)


def test_particles_and_annotations_are_downloaded(sizes, site, project):
    sizes.goto(f"{site}/projects/{project.pk}/export/")
    with sizes.expect_download() as found:
        sizes.get_by_role("link", name="Particles as CSV").click()
    with open(found.value.path(), newline="") as file:
        assert len(list(csv.DictReader(file))) == 40
    with sizes.expect_download() as found:
        sizes.get_by_role("link", name="COCO JSON").click()
    with open(found.value.path()) as file:
        assert len(json.load(file)["annotations"]) == 40


def test_a_coco_file_is_looked_at_before_it_is_imported(sizes, site, project, frame, tmp_path):
    path = tmp_path / "coco.json"
    image = {"id": 1, "file_name": frame.acquisition.name, "width": 512, "height": 512}
    box = {"id": 1, "image_id": 1, "bbox": [5, 5, 20, 20]}
    path.write_text(json.dumps({"images": [image], "annotations": [box]}))
    sizes.goto(f"{site}/projects/{project.pk}/export/")
    sizes.get_by_label("COCO JSON file").set_input_files(path)
    sizes.get_by_role("button", name="Check the file").click()
    sizes.get_by_text("Nothing is written yet").wait_for()
    sizes.get_by_role("button", name="Import").click()
    sizes.get_by_text("1 particle imported").wait_for()
    assert not sizes.problems
