"""A file becomes frames, once, whatever happens on the way."""

import hashlib

import numpy as np
import pytest
import tifffile
from django.conf import settings

from annotations.models import Acquisition
from annotations.services.import_acquisition import import_acquisition
from annotations.services.pixels import frame_pixels
from annotations.services.run_import import run_import
from annotations.services.storage import original_path

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
