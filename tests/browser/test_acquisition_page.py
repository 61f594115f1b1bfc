"""The page of one acquisition in a browser: its metadata searched, its calibration decided and taken back."""

import numpy as np
import pytest
from playwright.sync_api import expect

from annotations.models import Calibration
from tests.factories import make_acquisition, make_calibration
from tests.stored import make_stored_frame

METADATA = {"Gatan": {"Mode": "TEM", "Exposure": 0.5}, "Stage": {"Alpha": 1.25, "Holder": "Wildfire"}}


@pytest.fixture
def disputed(project):
    """Two readers that disagree, and nobody has chosen."""
    acquisition = make_acquisition(
        project, name="disputed.dm4", metadata=METADATA, voltage_kv=300, reader="DM"
    )
    image = np.tile(np.arange(600, dtype=np.uint16), (400, 1))
    frame = make_stored_frame(acquisition, image, calibration_conflict="2.02 nm/px or 1.53.")
    for version, (size, source) in enumerate([(2.02, "tag"), (1.53, "second_reader")], 1):
        make_calibration(
            acquisition, size, version=version, source=source, is_adopted=False, detail=f"tag {version}"
        )
    return frame


@pytest.fixture
def show(site, log_in, mia, page):
    log_in(mia)
    return lambda frame: page.goto(f"{site}{frame.acquisition.get_absolute_url()}") and page


def adopted():
    return [(row.source, row.pixel_size_x_nm) for row in Calibration.objects.filter(is_adopted=True)]


def test_it_works(show, disputed):
    """Choose, type in, withdraw: each a version, each at once on the page."""
    page = show(disputed)
    conflict = page.get_by_role("alert").filter(has_text="disagree")
    conflict.get_by_role("listitem").filter(has_text="1.53").get_by_role("button", name="Use this").click()
    calibration = page.locator(".calibration")
    expect(calibration.locator(".in-force")).to_contain_text("1.53")
    expect(conflict).to_have_count(0)
    calibration.get_by_text("Type in a pixel size").click()
    calibration.locator("#typed [name$=pixel_size_x_nm]").fill("0.4")
    calibration.locator("#typed [type=submit]").click()
    expect(calibration.locator(".in-force")).to_contain_text("0.4")
    calibration.get_by_role("button", name="Withdraw").click()
    expect(calibration).to_contain_text("pixels only")
    expect(calibration.locator(".in-force")).to_have_count(0)
    assert adopted() == [("withdrawn", None), ("typed", 0.4), ("second_reader", 1.53)]
    expect(calibration.locator(".history li")).to_have_count(5)


def test_metadata_is_narrowed_to_rows_with_every_word(show, disputed):
    page = show(disputed)
    rows = page.locator(".metadata tbody tr:visible")
    n_rows = rows.count()
    page.get_by_label("Search the metadata").fill("stage wild")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Wildfire")
    expect(page.locator("[data-metadata-count]")).to_have_text(f"1 of {n_rows}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_and_calibration_stand_side_by_side(show, disputed, page, scheme):
    page.emulate_media(color_scheme=scheme)
    show(disputed)
    preview, calibration = (page.locator(of).bounding_box() for of in (".preview", ".calibration"))
    assert preview["y"] == pytest.approx(calibration["y"], abs=2)
    assert preview["x"] + preview["width"] <= calibration["x"]
    picture = page.locator(".preview .picture").bounding_box()
    assert picture["width"] > 0.8 * preview["width"]  # no empty space beside it
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
