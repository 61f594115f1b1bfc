"""What tests of the editor share: a frame with two discs, the editor open on it, suggestions."""

import numpy as np
import pytest

from annotations.models import Particle
from tests.browser.editor_page import EditorPage
from tests.factories import make_acquisition, make_label_class, make_layer, make_particle
from tests.stored import make_stored_frame

SIDE = 512


def discs(*places, radius=20):
    """Bright discs on a flat, slightly noisy ground."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    image = np.random.default_rng(5).normal(1000, 15, (SIDE, SIDE))
    for x, y in places:
        image[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] += 2000
    return image.astype(np.uint16)


@pytest.fixture
def frame(project, transactional_db):
    make_label_class(project)
    make_label_class(project, name="nanotube", key=2, color="#d55e00")
    return make_stored_frame(make_acquisition(project), discs((128, 128), (384, 384)))


@pytest.fixture
def editor(site, page, frame, mia):
    editor = EditorPage(page, site, frame).log_in(mia).open()
    yield editor
    assert not editor.troubles


@pytest.fixture
def particles(frame):
    return Particle.objects.filter(layer__frame=frame, layer__kind="working")


@pytest.fixture
def suggested(frame):
    layer = make_layer(frame, kind="suggestion", name="classical")
    for i, confidence in enumerate([0.1, 0.3, 0.6, 0.9]):
        make_particle(layer, x=50 + 100 * i, y=50, confidence=confidence, origin="suggested")
    return layer
