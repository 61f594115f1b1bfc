"""A file becomes frames, once, whatever happens on the way."""

import hashlib

import numpy as np
import pytest
import tifffile
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import TestCase

from annotations.models import Acquisition
from annotations.services import decoder
from annotations.services import run_import as worker
from annotations.services.acquisitions import delete_acquisition
from annotations.services.import_acquisition import import_acquisition
from annotations.services.pixels import frame_pixels
from annotations.services.run_import import run_import
from annotations.services.storage import original_path
from tests.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def micrograph(tmp_path):
    path = tmp_path / "gold.tif"
    image = np.random.default_rng(1).integers(0, 65536, (300, 400)).astype(np.uint16)
    tifffile.imwrite(path, image)
    return path, image


@pytest.fixture
def take(project, mia, django_capture_on_commit_callbacks):
    """Import a file as the site does; the worker's part runs at once."""

    def take(path, name=None, **over):
        found = import_acquisition(by=mia, project=project, path=path, name=name or path.name, **over)
        run_import(acquisition_pk=found.acquisition.pk)
        found.acquisition.refresh_from_db()
        return found.acquisition

    return take


def test_it_works(take, micrograph):
    path, image = micrograph
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    acquisition = take(path)
    assert (acquisition.status, acquisition.message) == (Acquisition.Status.READY, "")
    frame = acquisition.frames.get()
    assert (frame.width_px, frame.height_px, frame.dtype, frame.is_exact) == (400, 300, "uint16", True)
    np.testing.assert_array_equal(frame_pixels(frame), image)
    assert hashlib.sha256(original_path(acquisition).read_bytes()).hexdigest() == digest == acquisition.sha256
    assert not path.exists()
    assert not (settings.STORAGE_DIR / "importing" / str(acquisition.pk)).exists()


def left_behind(acquisition):
    """What is on disk of an acquisition besides its original."""
    folder = settings.STORAGE_DIR
    return [p for part in ("importing", "frames", "uploads") for p in (folder / part).glob("*/*")]


def test_the_same_file_twice_is_recognised_and_said(project, mia, take, micrograph, tmp_path):
    path, _ = micrograph
    copy = tmp_path / "copy.tif"
    copy.write_bytes(path.read_bytes())
    first = take(path)
    again = import_acquisition(by=mia, project=project, path=copy, name="another name.tif")
    assert (again.acquisition, again.is_new) == (first, False)
    assert again.message == (
        "“another name.tif” is already in this project as “gold.tif”; it was not added twice."
    )
    assert not copy.exists()
    assert Acquisition.objects.count() == 1


def test_another_project_keeps_its_own(take, micrograph, mia, owner, tmp_path):
    path, _ = micrograph
    copy = tmp_path / "copy.tif"
    copy.write_bytes(path.read_bytes())
    first = take(path)
    other = import_acquisition(by=mia, project=make_project(owner, name="Other"), path=copy, name="gold.tif")
    assert other.is_new
    assert other.acquisition.sha256 == first.sha256


def test_telling_the_worker_twice_does_nothing(take, micrograph):
    acquisition = take(micrograph[0])
    frame = acquisition.frames.get()
    run_import(acquisition_pk=acquisition.pk)
    acquisition.refresh_from_db()
    assert (acquisition.attempts, acquisition.frames.get()) == (1, frame)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"not an image at all", "is text, not an image"), (b"II*\0" + b"\xff" * 500, "holds no image")],
)
def test_a_bad_file_leaves_an_explained_row_and_nothing_else(take, tmp_path, content, words):
    path = tmp_path / "x.tif"
    path.write_bytes(content)
    acquisition = take(path)
    assert acquisition.status == Acquisition.Status.REFUSED
    assert words in acquisition.message
    assert (acquisition.original, acquisition.frames.count(), acquisition.calibrations.count()) == ("", 0, 0)
    assert [p for p in settings.STORAGE_DIR.rglob("*") if p.is_file()] == []


def test_a_file_that_breaks_off_in_its_last_frame_leaves_no_frame(take, tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(
        path, np.random.default_rng(2).integers(0, 99, (3, 64, 64), dtype=np.uint16), imagej=True
    )
    path.write_bytes(path.read_bytes()[:-100])
    acquisition = take(path)
    assert acquisition.status == Acquisition.Status.REFUSED
    assert acquisition.frames.count() == 0
    assert left_behind(acquisition) == []


def test_a_refused_file_may_be_uploaded_again(project, mia, take, tmp_path):
    for name in ("one.tif", "two.tif"):
        (tmp_path / name).write_bytes(b"no image")
    refused = take(tmp_path / "one.tif")
    again = import_acquisition(by=mia, project=project, path=tmp_path / "two.tif", name="two.tif")
    assert again.acquisition == refused
    assert "could not be read; it is tried again" in again.message
    refused.refresh_from_db()
    assert (refused.status, refused.name, refused.attempts) == ("queued", "two.tif", 0)


def test_a_decoder_that_needs_too_much_memory_ends_with_a_sentence(take, tmp_path, settings):
    settings.IMPORT_MEMORY_BYTES = 150 * 2**20
    path = tmp_path / "large.tif"
    tifffile.imwrite(path, np.zeros((9000, 9000), np.float32), compression="zlib")
    acquisition = take(path)
    assert acquisition.status == Acquisition.Status.REFUSED
    assert "memory" in acquisition.message


def test_a_decoder_that_takes_too_long_ends_with_a_sentence(take, tmp_path, settings):
    settings.IMPORT_FRAME_CPU_S = 0
    path = tmp_path / "slow.tif"
    tifffile.imwrite(path, np.random.default_rng(3).random((6000, 6000)), compression="zlib")
    acquisition = take(path)
    assert acquisition.status == Acquisition.Status.REFUSED
    assert "longer than allowed" in acquisition.message


def test_a_decoder_that_crashes_ends_with_a_sentence(take, micrograph, monkeypatch):
    """As a segmentation fault in a library would: the process is gone without a word."""
    monkeypatch.setattr("annotations.services.decoder.MODULE", "tests.integration.crashing_decoder")
    acquisition = take(micrograph[0])
    assert acquisition.status == Acquisition.Status.REFUSED
    assert acquisition.message.startswith("The reader crashed on this file")
    assert left_behind(acquisition) == []


def test_the_decoder_knows_no_secrets():
    known = decoder._environment()
    assert not {"DATABASE_URL", "REDIS_URL", "ETEM_SECRET_KEY", "ETEM_DATA_DIR"} & set(known)


def test_a_worker_lost_too_often_ends_with_a_sentence_and_keeps_the_original(take, micrograph, mia, project):
    found = import_acquisition(by=mia, project=project, path=micrograph[0], name="gold.tif")
    Acquisition.objects.filter(pk=found.acquisition.pk).update(status="importing", attempts=3)
    run_import(acquisition_pk=found.acquisition.pk)
    acquisition = Acquisition.objects.get(pk=found.acquisition.pk)
    assert acquisition.status == Acquisition.Status.FAILED
    assert "The worker was lost 3 times" in acquisition.message
    assert original_path(acquisition).is_file()


def test_what_is_deleted_while_it_is_read_leaves_nothing(micrograph, mia, project, monkeypatch):
    found = import_acquisition(by=mia, project=project, path=micrograph[0], name="gold.tif")
    make_ready = worker._make_ready

    def delete_first(acquisition, *rest):
        with TestCase.captureOnCommitCallbacks(execute=True):
            delete_acquisition(acquisition=acquisition)
        make_ready(acquisition, *rest)

    monkeypatch.setattr(worker, "_make_ready", delete_first)
    run_import(acquisition_pk=found.acquisition.pk)
    assert not Acquisition.objects.exists()
    assert [p for p in settings.STORAGE_DIR.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("name", ["../../x.tif", "C:\\data\\x.tif", "/etc/x.tif", "x\0.tif", "x\n.tif"])
def test_a_name_is_only_a_name(take, micrograph, name):
    assert take(micrograph[0], name=name).name == "x.tif"


def test_a_long_name_keeps_its_ending(take, micrograph):
    name = take(micrograph[0], name="n" * 400 + ".dm4").name
    assert (len(name), name[-4:]) == (255, ".dm4")


def test_a_file_without_a_name_or_content_is_refused_at_once(project, mia, tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(ValidationError, match="is empty"):
        import_acquisition(by=mia, project=project, path=tmp_path / "a", name="a.tif")
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(ValidationError, match="has no name"):
        import_acquisition(by=mia, project=project, path=tmp_path / "a", name="..")
    assert (tmp_path / "a").exists()


def test_the_readings_of_a_file_become_its_calibration_and_its_metadata_are_kept(take, tmp_path):
    path = tmp_path / "fei.tif"
    text = (
        "[User]\r\nDate=01/02/2021\r\n[Beam]\r\nHV=300000\r\n[Scan]\r\nPixelWidth=1.5e-09\r\n"
        "PixelHeight=1.5e-09\r\n[Vacuum]\r\nChPressure=130\r\nGas=H2O\r\n"
    )
    tifffile.imwrite(path, np.zeros((40, 50), np.uint8), extratags=[(34682, 2, None, text, True)])
    acquisition = take(path)
    adopted = acquisition.calibrations.get(is_adopted=True)
    assert (adopted.pixel_size_x_nm, adopted.source, adopted.author) == (1.5, "tag", None)
    assert acquisition.calibrations.get(is_adopted=False).source == "second_reader"
    assert (acquisition.gas, acquisition.pressure_pa, acquisition.voltage_kv) == ("H2O", 130, 300)
    assert acquisition.acquired_at.isoformat() == "2021-01-02T00:00:00+00:00"
    assert acquisition.metadata["tags"]["FEI_HELIOS"]["Vacuum"]["Gas"] == "H2O"
