"""`manage.py import_acquisitions`: files and folders, one line each."""

import numpy as np
import pytest
import tifffile
from django.core.management import CommandError, call_command

from annotations.models import Acquisition
from annotations.services.run_import import run_import

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    for place, name in enumerate(["a.tif", "deep/b.tif"]):
        tifffile.imwrite(tmp_path / name, np.full((20, 20), place, np.uint8))
    (tmp_path / "bad.tif").write_bytes(b"no image")
    (tmp_path / ".hidden").write_bytes(b"x")
    return tmp_path


@pytest.fixture
def run(project, mia, monkeypatch, capsys):
    """The command, with a worker that reads each file as soon as it is asked for."""

    def run(*paths, user="mia", project_pk=project.pk, **options):
        code = 0
        try:
            call_command(
                "import_acquisitions", *map(str, paths), project=project_pk, username=user, **options
            )
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    def sleep(_):
        for pk in Acquisition.objects.filter(status="queued").values_list("pk", flat=True):
            run_import(acquisition_pk=pk)

    monkeypatch.setattr("annotations.management.commands.import_acquisitions.time.sleep", sleep)
    return run


def test_it_works(run, folder, mia):
    code, out, err = run(folder, wait=True)
    assert code == 1
    assert f"{folder}/a.tif: queued\n" in out
    assert f"{folder}/deep/b.tif: ready, 1 image\n" in out
    assert f"{folder}/bad.tif: refused: “bad.tif” is text, not an image" in err
    assert sorted(Acquisition.objects.values_list("name", "status")) == [
        ("a.tif", "ready"), ("b.tif", "ready"), ("bad.tif", "refused"),
    ]  # fmt: skip
    assert Acquisition.objects.filter(uploaded_by=mia).count() == 3
    assert (folder / "a.tif").exists()


def test_a_second_time_says_what_is_there_already(run, folder):
    run(folder / "a.tif", wait=True)
    code, out, _ = run(folder / "a.tif")
    assert code == 0
    assert "“a.tif” is already in this project; it was not added twice." in out


@pytest.mark.parametrize(
    ("user", "words"), [("nobody", "There is no user"), ("vic", "may not upload"), ("zoe", "may not")]
)
def test_who_may_not_upload_is_told(run, folder, vic, zoe, user, words):
    with pytest.raises(CommandError, match=words):
        run(folder, user=user)
    assert not Acquisition.objects.exists()


def test_a_path_that_is_not_there_is_told(run, tmp_path):
    with pytest.raises(CommandError, match="is neither a file nor a folder"):
        run(tmp_path / "nothing")
