"""The demo project as the first start makes it, through the same doors as anybody's."""

import numpy as np
import pytest
import tifffile
from django.core.management import call_command
from django.test import override_settings

from annotations.demo.files import FILES, write_file
from annotations.models import Acquisition, Calibration, Membership, Project, Role, User
from mlcore.services.import_demo import import_demo


@pytest.fixture
def demo(db, tmp_path):
    with override_settings(DATA_DIR=tmp_path):
        call_command("load_demo", only_if_new=True)
    return Project.objects.get()


def test_the_demo_people_can_log_in_with_what_is_printed(demo, tmp_path, client):
    lines = (tmp_path / "demo-logins.txt").read_text().splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["demo-owner", "demo-annotator", "demo-viewer"]
    assert (tmp_path / "demo-logins.txt").stat().st_mode & 0o077 == 0
    for line in lines:
        username, password = line.split()
        assert client.login(username=username, password=password)
        assert not User.objects.get(username=username).is_staff
    roles = dict(Membership.objects.values_list("user__username", "role"))
    assert roles == {"demo-owner": Role.OWNER, "demo-annotator": Role.ANNOTATOR, "demo-viewer": Role.VIEWER}
    assert {"nanoparticle", "carbon nanotube", "polymer aggregate"} == {
        one.name for one in demo.label_classes.all()
    }


def test_a_site_with_people_gets_no_demo(mia, tmp_path):
    with override_settings(DATA_DIR=tmp_path):
        call_command("load_demo", only_if_new=True)
    assert not (tmp_path / "demo-logins.txt").exists()
    assert Project.objects.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_its_images_are_imported_calibrated_and_searched(tmp_path):
    with override_settings(DATA_DIR=tmp_path):
        call_command("load_demo")
    demo = Project.objects.get()
    import_demo(project=demo)
    import_demo(project=demo)  # a message delivered twice
    assert demo.acquisitions.count() == len(FILES)
    for acquisition in demo.acquisitions.all():
        wanted = next(one for one in FILES if one.name == acquisition.name)
        assert acquisition.status == Acquisition.Status.READY, acquisition.message
        current = Calibration.objects.current_for(acquisition.frames.first())
        if wanted.pixel_size_nm is None:
            assert current is None
        else:
            assert current.pixel_size_x_nm == pytest.approx(wanted.pixel_size_nm, rel=1e-3)
    assert sorted(one.frames.count() for one in demo.acquisitions.all()) == [1, 1, 1, 8]
    assert demo.runs.count() == 1


def test_a_file_holds_what_was_drawn(tmp_path):
    movie = next(one for one in FILES if "movie" in one.name)
    write_file(movie, tmp_path / "movie.tif")
    with tifffile.TiffFile(tmp_path / "movie.tif") as tif:
        assert tif.imagej_metadata["unit"] == "nm"
        numerator, denominator = tif.pages[0].tags["XResolution"].value
        assert denominator / numerator == pytest.approx(movie.pixel_size_nm, rel=1e-3)
        pixels = tif.asarray()
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, movie.draw())  # the same every time
