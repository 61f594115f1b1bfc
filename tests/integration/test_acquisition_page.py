"""The page of one file: what it says, who may see and change it."""

import numpy as np
import pytest
import tifffile
from django.urls import reverse

from annotations.models import Acquisition, Role
from annotations.services.calibrate import record_readings
from annotations.services.import_acquisition import import_acquisition
from annotations.services.run_import import run_import
from tests.factories import make_acquisition, make_calibration, make_frame, make_membership, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def acquisition(project, tmp_path):
    path = tmp_path / "gold.tif"
    tifffile.imwrite(
        path, np.zeros((64, 80), np.uint16), imagej=True, resolution=(2, 2), metadata={"unit": "nm"}
    )
    found = import_acquisition(by=project.created_by, project=project, path=path, name="gold 1.tif")
    run_import(acquisition_pk=found.acquisition.pk)
    return Acquisition.objects.get(pk=found.acquisition.pk)


@pytest.fixture
def disputed(project):
    """A file whose two readers disagree, as `record_readings` leaves it."""
    acquisition = make_acquisition(project)
    frame = make_frame(acquisition)
    readings = [
        {"reader": "RosettaSciIO (TIFF)", "x_nm": 2.02, "y_nm": 2.02, "detail": "tag A"},
        {"reader": "ncempy", "x_nm": 2.0200001, "y_nm": 2.0200001, "detail": "tag A", "is_second": True},
        {"reader": "tifffile (fei)", "x_nm": 1.5277, "y_nm": 1.5277, "detail": "tag B", "is_second": True},
    ]
    record_readings(acquisition=acquisition, frames=[frame], readings=readings)
    return acquisition


def page_of(acquisition):
    return reverse("acquisition", args=[acquisition.pk])


def calibrate_url(acquisition):
    return reverse("acquisition-calibrate", args=[acquisition.pk])


def test_it_works(member_client, acquisition):
    page = member_client.get(page_of(acquisition)).text
    assert "gold 1.tif" in page
    assert "0.5 nm/px" in page
    assert "taken from the file at import" in page
    assert acquisition.sha256 in page
    assert "80 × 64" in page


def test_a_stranger_learns_nothing(client, acquisition, zoe):
    client.force_login(zoe)
    for name in ("acquisition", "acquisition-calibrate", "acquisition-delete", "acquisition-retry"):
        url = reverse(name, args=[acquisition.pk])
        answer = client.get(url) if name == "acquisition" else client.post(url)
        assert answer.status_code == 404


def test_who_is_logged_out_is_sent_to_the_log_in(client, acquisition):
    answer = client.get(page_of(acquisition))
    assert answer.status_code == 302
    assert reverse("login") in answer["Location"]


def test_a_viewer_sees_it_but_may_not_calibrate_or_delete(client, acquisition, vic):
    client.force_login(vic)
    page = client.get(page_of(acquisition)).text
    assert "Use this pixel size" not in page
    assert "Delete it all" not in page
    assert client.post(calibrate_url(acquisition), {"kind": "withdrawn"}).status_code == 403
    assert client.post(reverse("acquisition-delete", args=[acquisition.pk])).status_code == 403
    assert acquisition.calibrations.count() == 1


def test_a_conflict_is_settled_with_one_click(member_client, disputed, mia):
    page = member_client.get(page_of(disputed)).text
    assert "The readers disagree on the pixel size" in page
    assert page.count(">Use this<") == 2  # two of the three say the same
    chosen = disputed.calibrations.get(pixel_size_x_nm=1.5277)
    answer = member_client.post(
        calibrate_url(disputed), {"kind": "reading", "calibration": chosen.pk}, follow=True
    )
    assert "The readers disagree" not in answer.text
    assert "1.5277 nm/px" in answer.text
    newest = disputed.calibrations.first()
    assert (newest.version, newest.is_adopted, newest.author) == (4, True, mia)


def test_no_nm_is_shown_of_an_uncalibrated_file(member_client, project):
    acquisition = make_acquisition(project)
    make_frame(acquisition)
    page = member_client.get(page_of(acquisition)).text
    assert "pixels only" in page
    assert "nm/px" not in page


def test_a_pixel_size_is_typed_in_with_a_decimal_comma_and_in_any_unit(member_client, acquisition, mia):
    form = {
        "kind": "typed",
        "typed-pixel_size_x_nm": "3,3",
        "typed-unit": "0.1",
        "typed-uncertainty_percent": "1",
        "typed-detail": "cross-grating",
    }
    answer = member_client.post(calibrate_url(acquisition), form, follow=True)
    assert "0.33 nm/px" in answer.text
    assert "0.0033 nm (1 %)" in answer.text
    row = acquisition.calibrations.first()
    assert row.pixel_size_x_nm == pytest.approx(0.33)
    assert (row.relative_uncertainty, row.detail, row.version) == (0.01, "cross-grating", 2)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("", "This field is required."), ("abc", "is not a number"), ("-3", "from 0.0001 to 1e+06 nm")],
)
def test_a_wrong_pixel_size_is_told_at_its_field(member_client, acquisition, typed, sentence):
    form = {"kind": "typed", "typed-pixel_size_x_nm": typed, "typed-unit": "1"}
    answer = member_client.post(calibrate_url(acquisition), form)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert acquisition.calibrations.count() == 1


def test_a_scale_bar_gives_a_pixel_size_with_its_uncertainty(member_client, acquisition):
    form = {
        "kind": "scale_bar",
        "scale_bar-length_nm": "50",
        "scale_bar-length_px": "200",
        "scale_bar-end_half_width_px": "1",
        "scale_bar-unit": "1",
    }
    member_client.post(calibrate_url(acquisition), form)
    row = acquisition.calibrations.first()
    assert row.pixel_size_x_nm == 0.25
    assert row.relative_uncertainty == pytest.approx((2 / 3) ** 0.5 / 200)
    assert row.source == "scale_bar"


def test_a_withdrawn_calibration_leaves_pixels_and_its_history(member_client, acquisition):
    answer = member_client.post(calibrate_url(acquisition), {"kind": "withdrawn"}, follow=True)
    assert "pixels only" in answer.text
    assert [row.version for row in acquisition.calibrations.all()] == [2, 1]


def test_a_version_of_another_file_is_not_found(member_client, acquisition, project):
    other = make_calibration(make_acquisition(project))
    answer = member_client.post(calibrate_url(acquisition), {"kind": "reading", "calibration": other.pk})
    assert answer.status_code == 404


def test_a_refused_file_says_why(member_client, project):
    refused = make_acquisition(project, status="refused", message="It is a spectrum, not an image.")
    assert "It is a spectrum, not an image." in member_client.get(page_of(refused)).text


def test_a_manager_deletes_it_and_its_files(client, acquisition, project, django_capture_on_commit_callbacks):
    manager = make_user("max")
    make_membership(project, manager, Role.MANAGER)
    client.force_login(manager)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("acquisition-delete", args=[acquisition.pk]))
    assert answer["Location"] == project.get_absolute_url()
    assert not Acquisition.objects.exists()


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_a_failure_without_words_says_what_to_do(client, mia, project, status):
    acquisition = make_acquisition(project, status=status, message="")
    client.force_login(mia)
    for address in (acquisition.get_absolute_url(), project.get_absolute_url()):
        assert "again" in client.get(address).text
    told = client.get(f"/api/v1/acquisitions/{acquisition.pk}/").json()["message"]
    assert "again" in told
    assert told.endswith(".")
