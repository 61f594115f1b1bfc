"""Folders of the storage: whole or not there, never changed, fetched once from elsewhere."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from mlcore.services import stored


class Elsewhere:
    """As object storage: it gives files, but no paths on this machine."""

    def __init__(self, folder):
        files = FileSystemStorage(location=folder)
        self.exists, self.open, self.save, self.delete = files.exists, files.open, files.save, files.delete

    def path(self, name):
        raise NotImplementedError


@pytest.fixture(params=["here", "elsewhere"])
def storage(request, monkeypatch, tmp_path):
    """The default storage, on this disk and as one that gives no paths."""
    found = storages["default"] if request.param == "here" else Elsewhere(tmp_path / "bucket")
    monkeypatch.setattr(stored, "default_storage", found)
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one" / "deep").mkdir(parents=True)
    (tmp_path / "one" / "a.bin").write_bytes(b"a" * 5000)
    (tmp_path / "one" / "deep" / "b.txt").write_text("b")
    return tmp_path / "one"


def test_it_works(storage, folder):
    assert not stored.is_stored("things/1")
    stored.store_folder(folder, "things/1")
    found = stored.local_folder("things/1")
    assert (found / "a.bin").read_bytes() == b"a" * 5000
    assert (found / "deep" / "b.txt").read_text() == "b"
    with stored.open_file("things/1", "deep/b.txt") as file:
        assert file.read() == b"b"
    assert stored.local_folder("things/1") == found
    stored.delete_folder("things/1")
    assert not stored.is_stored("things/1")


def test_the_same_again_does_nothing_and_another_is_refused(storage, folder):
    stored.store_folder(folder, "things/2")
    stored.store_folder(folder, "things/2")
    (folder / "a.bin").unlink()
    (folder / "c.bin").write_bytes(b"c")
    with pytest.raises(ValueError, match="never changes"):
        stored.store_folder(folder, "things/2")
    assert (stored.local_folder("things/2") / "a.bin").is_file()
    stored.delete_folder("things/2")


def test_what_is_not_there_is_said(storage):
    with pytest.raises(ValueError, match="is not in the storage"):
        stored.local_folder("things/3")


def test_bytes_that_changed_on_their_way_are_refused(folder, monkeypatch, tmp_path):
    elsewhere = Elsewhere(tmp_path / "bucket")
    monkeypatch.setattr(stored, "default_storage", elsewhere)
    stored.store_folder(folder, "things/4")
    elsewhere.delete("things/4/a.bin")
    elsewhere.save("things/4/a.bin", ContentFile(b"x" * 5000))
    with pytest.raises(ValueError, match="other bytes"):
        stored.local_folder("things/4")
    assert not (settings.DATA_DIR / "cache" / "things" / "4").exists()
