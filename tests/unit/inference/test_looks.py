"""The learned engine with weights of no training: what holds whatever a network answers."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy import ndimage

from mlcore.inference import graphs
from mlcore.inference.decoders import sigmoid
from mlcore.inference.familiarity import is_strange
from mlcore.inference.merging import fitness, survivors
from mlcore.inference.network import BLANK, TOO_SMALL, Look, NetworkEngine, best_zoom
from mlcore.inference.runtime import TOLERANCE, TOLERANCE_8_BITS, OpenVinoRuntime, choice
from mlcore.inference.weights import DETECTOR, tensors, write_model
from mlcore.nets.detector import build_detector
from mlcore.training.familiar import fit
from mlcore.training.strangers import strangers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    net = build_detector(0.25)
    for module in net.modules():  # as if it had learnt: means and variances that are not 0 and 1
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    about = {"version": "0", "detector": {"mode": "ours", "width": 0.25}}
    path = tmp_path_factory.mktemp("weights")
    write_model(path, about, {DETECTOR: net.state_dict()})
    return path


@pytest.fixture(scope="module")
def engine(folder):
    return NetworkEngine(folder, runtime="openvino")


@pytest.mark.parametrize("shape", [(96, 128), (32, 32), (64, 320)])
def test_both_runtimes_give_the_same_maps_and_features(folder, engine, shape):
    frame = np.random.default_rng(0).standard_normal((1, 1, *shape)).astype(np.float32)
    ours, others = engine.maps(frame), NetworkEngine(folder, runtime="torch").maps(frame)
    assert ours[0].shape == (1, 8, *shape)
    for one, other in zip(ours, others, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() < TOLERANCE
        assert np.abs(one).max() > 10 * TOLERANCE  # they say something


def test_eight_bits_give_nearly_the_same_maps(folder, engine):
    weights = tensors(folder / DETECTOR)
    rng = np.random.default_rng(5)
    frames = [ndimage.gaussian_filter(rng.standard_normal((1, 1, 96, 96)), (0, 0, s, s)) for s in (0, 1, 3)]
    frames = [(one / one.std()).astype(np.float32) for one in frames]
    ranges = graphs.ranges_of(weights, frames)
    assert len(ranges) == 46  # of 47 convolutions with a normalisation the first stays as it is
    coarse = OpenVinoRuntime(graphs.detector(weights, ranges))
    for frame in frames:
        ours, others = (sigmoid(one(frame)[0]) for one in (engine.maps, coarse))
        assert 0 < np.abs(ours - others).mean() < TOLERANCE_8_BITS


def test_a_frame_of_one_value_and_a_tiny_one_are_said_in_words(engine):
    notes = []
    assert engine.find(np.full((64, 64), 7), on_note=notes.append) == []
    assert engine.find(np.eye(5), on_note=notes.append) == []
    assert notes == [BLANK, TOO_SMALL]


def test_hardly_any_pixels_are_refused(engine):
    with pytest.raises(ValueError, match="More than half of the frame's pixels hold no number"):
        engine.find(np.full((64, 64), np.nan))


@pytest.mark.parametrize("shape", [(8, 8), (9, 500), (200, 3000)])
def test_any_shape_goes_through_and_outlines_lie_in_the_frame(engine, shape):
    shares = []
    found = engine.find(np.random.default_rng(0).normal(size=shape), on_step=shares.append)
    assert shares[-1] == 1.0
    for one in found:
        assert (one.outline >= 0).all()
        assert (one.outline <= shape[::-1]).all()
        assert 0 <= one.confidence <= 1


def test_the_same_frame_gives_the_same_particles(engine):
    frame = np.random.default_rng(1).normal(size=(200, 240))
    first, second = engine.find(frame), engine.find(frame)
    assert [one.confidence for one in first] == [one.confidence for one in second]


def test_memory_does_not_grow_with_the_frame(engine):
    """Of a large frame no second copy in floats is made: windows are resampled one by one."""
    large = np.random.default_rng(2).integers(0, 255, (6000, 6000), np.uint8)
    tracemalloc.start()
    engine._look(large, 0.1, lambda: None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * large.size


def test_a_stop_from_outside_ends_the_search(engine):
    class Stopped(Exception):  # noqa: N818
        pass

    def stop(share):
        if share > 0.02:
            raise Stopped

    with pytest.raises(Stopped):
        engine.find(np.random.default_rng(3).normal(size=(300, 300)), on_step=stop)


def test_the_runtime_is_the_environments_choice(monkeypatch):
    monkeypatch.setenv("ETEM_RUNTIME", "torch")
    assert choice() == "torch"
    monkeypatch.setenv("ETEM_RUNTIME", "abacus")
    with pytest.raises(ValueError, match="one of auto, openvino, openvino-fp32, torch, got “abacus”"):
        choice()


def test_weights_of_an_unknown_kind_are_refused(tmp_path, folder):
    write_model(tmp_path, {"version": "0", "detector": {"mode": "oracle", "width": 0.25}}, {})
    with pytest.raises(ValueError, match="are of an unknown kind, “oracle”"):
        NetworkEngine(tmp_path)


@dataclass
class Find:
    box: tuple
    confidence: float

    @property
    def ecd_look_px(self):
        return float(np.sqrt(self.box[2] * self.box[3]))


def look(zoom, *finds):
    return Look(zoom, [Find(*one) for one in finds], np.zeros(1))


def test_a_particle_seen_whole_and_in_pieces_is_seen_whole():
    coarse = look(0.25, ((10, 10, 24, 24), 0.9))
    fine = look(1.0, ((40, 40, 30, 30), 0.6), ((80, 90, 40, 30), 0.5), ((300, 300, 24, 24), 0.8))
    kept = survivors([coarse, fine])
    assert [len(one) for one in kept] == [1, 1]
    assert kept[1][0].box == (300, 300, 24, 24)


def test_two_that_touch_stay_two_where_the_sampling_suits_them():
    coarse = look(0.25, ((10, 10, 10, 5), 0.7))
    fine = look(1.0, ((40, 40, 20, 20), 0.9), ((60, 40, 20, 20), 0.9))
    assert [len(one) for one in survivors([coarse, fine])] == [0, 2]


def test_two_of_one_look_do_not_compete():
    kept = survivors([look(1.0, ((0, 0, 20, 20), 0.9), ((5, 5, 20, 20), 0.3)), look(0.5)])
    assert len(kept[0]) == 2


def test_the_best_zoom_brings_the_median_to_the_canonical_width():
    seen = [((k * 60, 0, 48, 48), 0.9) for k in range(5)]
    assert best_zoom([look(1.0, *seen)], (400, 400)) == pytest.approx(0.5)
    assert best_zoom([look(0.3)], (2000, 2000)) == pytest.approx(0.9)  # nothing seen: closer
    assert best_zoom([look(1.0)], (2000, 2000)) == 1.0  # but not beyond the frame's own sampling
    small = [((k * 20, 0, 8, 8), 1.0) for k in range(20)]
    assert best_zoom([look(1.0, *small)], (400, 400)) == 2.0
    assert best_zoom([look(1.0, *small)], (9000, 9000)) == 1.0  # what is huge is never enlarged


def test_a_sampling_suits_some_sizes():
    assert fitness(24.0) == 1.0
    assert fitness(4.0) < 0.3
    assert fitness(300.0) < 0.01


def test_what_is_like_other_pictures_and_no_micrograph_is_strange():
    rng = np.random.default_rng(0)
    usual, other = rng.normal(size=(300, 32)), rng.normal(size=(200, 32))
    other[:, :4] += 2.5
    reference = fit(usual[:200], other[:100])
    assert reference["told"] > 0.8
    assert sum(is_strange(one, reference) for one in usual[200:]) <= 2
    assert sum(is_strange(one, reference) for one in other[100:]) > 80


def test_pictures_that_are_no_micrographs_are_of_four_kinds():
    one, again = strangers(3, 8), strangers(3, 8)
    for image, same in zip(one, again, strict=True):
        np.testing.assert_array_equal(image, same)
        assert image.ndim == 2
        assert min(image.shape) >= 64
        assert np.isfinite(image).all()
        assert image.std() > 2
    letters = one[1]
    assert (np.abs(letters - np.median(letters)) > 80).mean() > 0.01  # something is written on the page
