import numpy as np
import pytest

from mlcore.evaluation.matching import box_iou, label_iou, match
from mlcore.evaluation.scores import Score, macro_f1, precision_by_confidence, score, total


def test_iou_of_shifted_boxes():
    iou = box_iou([[0, 0, 10, 10]], [[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 1, 1]])
    assert iou[0] == pytest.approx([1, 50 / 150, 0])


def test_iou_of_label_maps():
    true, found = np.zeros((10, 10), int), np.zeros((10, 10), int)
    true[:4, :4], true[6:, 6:] = 1, 2
    found[:4, :2] = 1
    assert label_iou(true, found) == pytest.approx(np.array([[0.5], [0]]))


def test_label_maps_must_share_a_grid():
    with pytest.raises(ValueError, match="share one grid"):
        label_iou(np.zeros((3, 3), int), np.zeros((3, 4), int))


def test_each_particle_is_paired_once_and_as_many_as_can_be():
    # Greedy by overlap would take (0, 0) and leave 1 without a partner.
    matching = match(np.array([[0.9, 0.6], [0.8, 0.0]]), 0.5)
    assert matching.pairs.tolist() == [[0, 1], [1, 0]]
    assert (matching.n_missed, matching.n_false) == (0, 0)


def test_among_equal_counts_the_larger_overlap_wins():
    assert match(np.array([[0.9, 0.6], [0.6, 0.9]])).pairs.tolist() == [[0, 0], [1, 1]]


def test_overlap_below_the_gate_is_no_match_and_the_gate_may_differ_by_particle():
    iou = np.array([[0.4], [0.45]])
    assert len(match(iou, 0.5).pairs) == 0
    assert match(iou, [0.3, 0.5]).pairs.tolist() == [[0, 0]]


def test_empty_sides():
    matching = match(np.zeros((0, 3)))
    assert (matching.n_missed, matching.n_false) == (0, 3)
    assert np.isnan(score(matching).recall)
    assert score(matching).f1 == 0


@pytest.mark.parametrize("iou_min", [0, 1.1, -1])
def test_the_gate_must_be_a_share(iou_min):
    with pytest.raises(ValueError, match=r"in \(0, 1\]"):
        match(np.zeros((1, 1)), iou_min)


def test_f1_is_the_harmonic_mean():
    one = Score(n_matched=6, n_true=10, n_found=8)
    assert (one.precision, one.recall) == (0.75, 0.6)
    assert one.f1 == pytest.approx(2 / (1 / 0.75 + 1 / 0.6))


def test_micro_counts_particles_and_macro_counts_frames():
    frames = [Score(1, 1, 1), Score(0, 9, 0), Score(0, 0, 0)]
    assert total(frames).f1 == pytest.approx(2 / 11)
    assert macro_f1(frames) == pytest.approx(0.5)


def test_precision_by_confidence_bins():
    table = precision_by_confidence([0.1, 0.9, 0.95, 1.0], [False, True, True, False], (0, 0.5, 1))
    assert table == [(0, 0.5, 1, 0.0), (0.5, 1, 3, pytest.approx(2 / 3))]
