"""Peers without networks: they find what is clear, and settings are chosen by what they find."""

import numpy as np
import pytest

from mlcore.data.examples import Example
from mlcore.evaluation import tuning
from mlcore.evaluation.matching import box_iou, match
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.inference.peers.features import N_FEATURES, pixel_features
from mlcore.inference.peers.forest import Forest, ForestEngine, train_forest
from mlcore.inference.peers.log import LogEngine
from mlcore.inference.peers.otsu import OtsuEngine
from tests import phantoms


def discs_example(seed=0, diameter=18, contrast=1.0):
    discs = phantoms.grid_discs(128, diameter, 14, seed)
    image = phantoms.micrograph(128, discs, contrast=contrast, noise=0.08, seed=seed)
    outlines = [phantoms.ellipse_outline((x, y), size, points=64) for x, y, size in discs]
    n = len(discs)
    return Example("discs", image, outlines, np.zeros(n, np.int8), np.zeros(n, bool), "discs")


@pytest.fixture(scope="module")
def forest():
    return train_forest([discs_example(1), discs_example(2, contrast=2)])


def f1(engine, example):
    return tuning.f1(engine, [example])


@pytest.mark.parametrize("contrast", [1.0, -1.0])
@pytest.mark.parametrize("engine", [OtsuEngine(), LogEngine()], ids=["otsu", "log"])
def test_clear_discs_are_found_bright_or_dark(engine, contrast):
    example = discs_example(contrast=contrast)
    found = engine.find(example.image)
    assert f1(engine, example) > 0.95
    true = [tuning.box_of(one) for one in example.outlines]
    pairs = match(box_iou(true, [one.box for one in found]), 0.7).pairs
    assert len(pairs) > 0.9 * len(true)
    assert all(0 < one.confidence <= 1 for one in found)


def test_a_forest_finds_discs_like_those_that_it_learnt_from(forest):
    assert f1(ForestEngine(forest), discs_example(5)) > 0.95


def test_a_forest_comes_back_from_disk_as_it_was(forest, tmp_path):
    forest.save(tmp_path / "forest.npz")
    again = Forest.load(tmp_path / "forest.npz")
    features = pixel_features(discs_example(3).image).reshape(-1, N_FEATURES)
    np.testing.assert_array_equal(again.probability(features), forest.probability(features))
    assert again.digest == forest.digest
    (tmp_path / "forest.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="is no random forest"):
        Forest.load(tmp_path / "forest.npz")


def test_our_reading_of_the_trees_is_scikit_learns_own():
    from sklearn.ensemble import RandomForestClassifier

    from mlcore.inference.peers.forest import _arrays

    rng = np.random.default_rng(0)
    features = rng.standard_normal((400, N_FEATURES)).astype(np.float32)
    kinds = (features[:, 0] + features[:, 1] > 0).astype(int)
    peer = RandomForestClassifier(5, max_depth=8, random_state=0).fit(features, kinds)
    ours = _arrays([one.tree_ for one in peer.estimators_]).probability(features)
    np.testing.assert_allclose(ours, peer.predict_proba(features)[:, 1], atol=1e-5)


def test_a_forest_needs_pixels_of_both_kinds():
    empty = Example("e", np.zeros((64, 64)), [], np.zeros(0, np.int8), np.zeros(0, bool), "e")
    with pytest.raises(ValueError, match="on particles and beside them"):
        train_forest([empty])


@pytest.mark.parametrize("engine", [OtsuEngine(), LogEngine()], ids=["otsu", "log"])
def test_a_frame_of_one_value_has_no_particles(engine):
    assert engine.find(np.full((64, 64), 7.0)) == []


@pytest.mark.parametrize("engine", [OtsuEngine(), LogEngine()], ids=["otsu", "log"])
def test_a_large_frame_is_searched_at_half_size_and_told_in_its_own_pixels(engine, monkeypatch):
    example = discs_example(diameter=26)
    whole = [one for one in engine.find(example.image) if one.confidence >= DEFAULT_CONFIDENCE]
    monkeypatch.setattr("mlcore.inference.peers.common.SEARCH_PX2", 128 * 64)
    halved = engine.find(example.image)
    assert len(match(box_iou([one.box for one in whole], [one.box for one in halved]), 0.7).pairs) == len(
        whole
    )


def test_the_setting_that_finds_most_is_chosen():
    example = discs_example()
    deaf, right = LogEngine(threshold=1e6), LogEngine()
    assert tuning.best([deaf, right], [example]) is right
    assert tuning.f1(deaf, [example]) == 0
