"""The engine as it ships: its weights, on frames whose particles are known."""

import numpy as np
import pytest
from scipy import ndimage

from annotations.shape import measure_many
from mlcore.inference.engine import DEFAULT_CONFIDENCE, load_engine
from mlcore.inference.familiarity import STRANGE
from tests import phantoms

SIDE = 512


@pytest.fixture(scope="module")
def engine():
    return load_engine("network")


@pytest.fixture(scope="module")
def discs():
    return phantoms.grid_discs(SIDE, 34, 30)


@pytest.fixture(scope="module")
def frame(discs):
    return phantoms.micrograph(SIDE, discs, noise=0.2, slope=0.5)


def sure(found):
    return [one for one in found if one.confidence >= DEFAULT_CONFIDENCE]


def diameters(found):
    return np.array([one.ecd_px for one in measure_many([one.outline for one in found])])


def test_discs_are_found_where_they_are_and_as_large_as_they_are(engine, frame, discs):
    found = sure(engine.find(frame))
    assert len(found) == len(discs)
    middles = np.array([(one.outline.min(0) + one.outline.max(0)) / 2 for one in found])
    true = np.array([disc[:2] for disc in discs])
    away = np.linalg.norm(middles[:, None] - true[None], axis=2)
    assert away.min(0).max() < 1.5
    assert np.median(diameters(found)) == pytest.approx(34, rel=0.05)


def test_dark_on_bright_is_found_as_bright_on_dark(engine, frame):
    assert len(sure(engine.find(-frame))) == len(sure(engine.find(frame)))


@pytest.mark.parametrize("zoom", [0.5, 2.0])
def test_another_sampling_gives_the_same_nanometres(engine, frame, zoom):
    other = ndimage.zoom(ndimage.gaussian_filter(frame, 0.5 / zoom if zoom < 1 else 0), zoom, order=1)
    found, again = sure(engine.find(frame)), sure(engine.find(other))
    assert len(again) == pytest.approx(len(found), rel=0.03)
    assert np.median(diameters(again)) / zoom == pytest.approx(np.median(diameters(found)), rel=0.03)


def test_sizes_come_with_intervals_that_hold_them(engine, frame):
    found = [one for one in sure(engine.find(frame)) if one.estimate]
    assert len(found) > 20
    for one in found:
        assert one.estimate.ecd_factor == 1.0  # the outline has the estimated size
        assert one.estimate.ecd_factor_low < 1 < one.estimate.ecd_factor_high
    (measured,) = measure_many([found[0].outline])
    assert measured.aspect_ratio == pytest.approx(found[0].estimate.aspect_ratio, abs=1e-3)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8)),
        np.random.default_rng(0).normal(size=(8, 8)),
        np.random.default_rng(1).normal(size=(200, 3000)),
        np.random.default_rng(2).poisson(20, (333, 517)).astype(np.uint16),
    ],
    ids=["blank", "tiny", "long", "noise"],
)
def test_frames_without_particles_have_hardly_any(engine, image):
    assert len(sure(engine.find(image))) <= 3


def test_some_missing_pixels_do_not_matter_and_hardly_any_pixels_are_refused(engine, frame, discs):
    holed = frame.copy()
    holed[100:104] = np.nan
    assert len(sure(engine.find(holed))) >= 0.9 * len(discs)
    with pytest.raises(ValueError, match="More than half of the frame's pixels hold no number"):
        engine.find(np.full((64, 64), np.nan))


def test_what_is_no_micrograph_is_said_in_words(engine, frame):
    from skimage import data

    y, x = np.mgrid[-256:256, -256:256]
    radius = np.hypot(x, y)
    diffraction = 1e4 * np.exp(-radius / 12) + sum(
        800 * np.exp(-(((x - a * 37) ** 2 + (y - b * 37) ** 2) / 8))
        for a in range(-6, 7)
        for b in range(-6, 7)
    )
    for image in (data.camera(), data.text(), np.random.default_rng(0).poisson(diffraction + 1)):
        notes = []
        engine.find(image, on_note=notes.append)
        assert STRANGE in notes
    notes = []
    engine.find(frame, on_note=notes.append)
    assert STRANGE not in notes


def test_an_empty_half_shows_nothing(engine, frame):
    """Grey levels are those of the frame: an empty tile is not searched in its own noise."""
    wide = np.concatenate(
        [frame, np.median(frame) + 0.02 * np.random.default_rng(3).normal(size=frame.shape)], 1
    )
    found = sure(engine.find(wide.astype(np.float32)))
    assert sum(one.outline[:, 0].min() > SIDE + 8 for one in found) == 0
