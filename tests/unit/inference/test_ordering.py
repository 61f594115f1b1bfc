"""The order in which frames are worth a person's time."""

import numpy as np

from mlcore.inference.ordering import ordered

NAN = float("nan")


def test_where_engines_disagree_comes_first():
    found = ordered([0.9, 0.1, 0.5], [0.2] * 3, [0.0] * 3, np.zeros((3, 0)))
    assert found.order == [1, 2, 0]
    assert found.score[1] > found.score[2] > found.score[0]


def test_a_copy_of_what_was_chosen_comes_last():
    """Two frames that look alike are of the same worth alone; a third of less worth goes between them."""
    features = np.array([[0.0, 0.0], [0.0, 0.0], [5.0, 5.0]])
    found = ordered([0.1, 0.1, 0.6], [NAN] * 3, [NAN] * 3, features)
    assert found.order == [0, 2, 1]
    assert found.distance[1] == 0
    assert found.distance[2] == 1


def test_what_is_labelled_already_counts_as_chosen():
    features = np.array([[0.0, 0.0], [5.0, 5.0]])
    found = ordered([0.5, 0.5], [NAN] * 2, [NAN] * 2, features, known=np.array([[0.0, 0.0]]))
    assert found.order == [1, 0]


def test_strange_and_unsure_frames_come_before_others():
    assert ordered([0.5] * 3, [NAN] * 3, [0.0, 3.0, -1.0], np.zeros((3, 0))).order[0] == 1
    assert ordered([0.5] * 3, [0.1, 0.2, 0.9], [NAN] * 3, np.zeros((3, 0))).order[0] == 2


def test_every_frame_is_there_once_whatever_is_unknown():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(30, 8))
    features[:5] = 0
    found = ordered([NAN] * 30, [NAN] * 30, [NAN] * 30, features)
    assert sorted(found.order) == list(range(30))
    assert ordered([], [], [], np.zeros((0, 0))).order == []


def test_the_order_is_the_same_each_time():
    rng = np.random.default_rng(2)
    given = rng.uniform(size=20), rng.uniform(size=20), rng.normal(size=20), rng.normal(size=(20, 4))
    assert ordered(*given).order == ordered(*given).order
