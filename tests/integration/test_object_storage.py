"""Originals and tiles in object storage: what one machine stores another one reads, bit for bit."""

import hashlib
import shutil

import numpy as np
import pytest
import requests
import tifffile
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.storage import default_storage

from annotations.display import tiles
from annotations.models import Acquisition
from annotations.services import kept
from annotations.services.acquisitions import delete_acquisition
from annotations.services.api_tokens import create_token
from annotations.services.import_acquisition import import_acquisition
from annotations.services.pixels import frame_pixels, tiles_path
from annotations.services.run_import import run_import
from annotations.services.storage import has_original, original_path
from etemweb import env
from etemweb.celery import app
from tests.object_storage import s3_server
from tests.real_site import running, wait_until

pytestmark = [
    pytest.mark.slow,
    # botocore still asks the clock so.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]
IMAGE = np.random.default_rng(8).normal(0, 1, (600, 700)).astype(np.float32)  # not exact in 16 bits


@pytest.fixture(scope="module")
def bucket():
    with s3_server() as url:
        yield url


@pytest.fixture
def remote(settings, bucket):
    settings.STORAGE_URL = bucket
    settings.STORAGES = {**settings.STORAGES, "default": env.storage(bucket)}
    for one in list(default_storage.bucket.objects.all()):  # of a test before, whatever became of that
        one.delete()
    return bucket


@pytest.fixture
def another_machine(settings, tmp_path):
    def move():
        settings.STORAGE_DIR = tmp_path / "another"
        shutil.rmtree(settings.STORAGE_DIR, ignore_errors=True)

    return move


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, IMAGE)
    return path


def imported(mia, project, file):
    row = import_acquisition(by=mia, project=project, path=file, name="a.tif", keep_source=True).acquisition
    run_import(acquisition_pk=row.pk)
    row.refresh_from_db()
    assert row.status == Acquisition.Status.READY, row.message
    return row


def stored_names():
    return sorted(one.key for one in default_storage.bucket.objects.all())


@pytest.mark.django_db(transaction=True)
def test_another_machine_reads_what_was_stored(remote, project, mia, file, another_machine):
    row = imported(mia, project, file)
    frame = row.frames.get()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert stored_names() == [
        f"lab/frames/{frame.pk}/tiles.exact.npy",
        f"lab/frames/{frame.pk}/tiles.u16",
        f"lab/originals/{project.pk}/{digest}",
    ]
    tile = tiles.read_tile(tiles_path(frame), 0, 1, 0)
    another_machine()
    assert not kept.place(row.original).exists()
    assert has_original(row)
    assert hashlib.sha256(original_path(row).read_bytes()).hexdigest() == digest
    assert tiles.read_tile(tiles_path(frame), 0, 1, 0) == tile
    assert np.array_equal(frame_pixels(frame), IMAGE)


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_is_gone_from_the_storage(remote, project, mia, file, another_machine):
    row = imported(mia, project, file)
    another_machine()
    delete_acquisition(acquisition=row)
    assert stored_names() == []


@pytest.mark.django_db(transaction=True)
def test_a_storage_that_is_away_is_one_sentence_and_nothing_half_written(
    settings, project, mia, file, monkeypatch
):
    gone = "s3+http://a:b@127.0.0.1:1/etem"
    settings.STORAGE_URL = gone
    settings.STORAGES = {**settings.STORAGES, "default": env.storage(gone)}
    with pytest.raises(ValidationError, match=r"could not be stored \(the object storage does not answer\)"):
        import_acquisition(by=mia, project=project, path=file, name="a.tif")
    assert file.exists()
    assert not Acquisition.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_cache_is_trimmed_and_filled_again(remote, settings, project, mia, file, monkeypatch):
    frame = imported(mia, project, file).frames.get()
    settings.STORAGE_CACHE_BYTES = 0
    assert kept.trim() == 0  # just used: somebody may be about to open it
    monkeypatch.setattr(kept, "JUST_USED_S", -1)
    assert kept.trim() == 3
    assert not kept.place(f"frames/{frame.pk}/tiles.u16").exists()
    assert np.array_equal(frame_pixels(frame), IMAGE)


@pytest.mark.django_db
def test_without_object_storage_nothing_is_trimmed_or_fetched(settings):
    settings.STORAGE_CACHE_BYTES = 0
    kept.place("originals/1").mkdir(parents=True)
    kept.place("originals/1/a").write_bytes(b"kept")
    assert kept.trim() == 0
    assert kept.local("originals/1/a").read_bytes() == b"kept"
    assert not kept.local("frames/1/tiles.u16").exists()


@pytest.mark.django_db(transaction=True)
def test_web_and_worker_on_two_machines(bucket, settings, project, mia, file, tmp_path):
    """Neither sees the other's disk: the file goes up through one and its tiles come back through it."""
    token = create_token(user=mia, name="script")[1]
    app.control.purge()
    common = {"ETEM_STORAGE_URL": bucket, "REDIS_URL": settings.REDIS_URL, "ETEM_SECRET_KEY": "k" * 50}
    web_folder, worker_folder = tmp_path / "web", tmp_path / "worker"
    with (
        running(tmp_path, ETEM_DATA_DIR=str(web_folder), **common) as web,
        running(tmp_path, ETEM_DATA_DIR=str(worker_folder), **common) as worker,
    ):
        worker.worker("-l", "WARNING")
        url = web.web()
        own = {"Authorization": f"Bearer {token}"}
        with file.open("rb") as sent:
            answer = requests.post(
                f"{url}/api/v1/acquisitions/", headers=own, data={"project": project.pk},
                files={"file": ("a.tif", sent)}, timeout=120,
            )  # fmt: skip
        assert answer.status_code == 201, answer.text
        row = wait_until(lambda: Acquisition.objects.exclude(status__in=["queued", "importing"]).first())
        assert row.status == Acquisition.Status.READY, row.message
        tile = requests.get(
            f"{url}/api/v1/frames/{row.frames.get().pk}/tiles/0/1/0", headers=own, timeout=120
        ).content
    [pack] = worker_folder.glob("storage/*/frames/*/tiles.u16")
    assert tile == tiles.read_tile(pack, 0, 1, 0)


@pytest.mark.parametrize(
    "url", ["http://host/bucket", "s3://host", "s3:///bucket", "s3://key:secret@/bucket"]
)
def test_a_wrong_address_is_refused_by_name_without_its_secret(url):
    with pytest.raises(ImproperlyConfigured, match="ETEM_STORAGE_URL") as refusal:
        env.storage(url)
    assert "secret" not in str(refusal.value).replace("KEY:SECRET", "")
