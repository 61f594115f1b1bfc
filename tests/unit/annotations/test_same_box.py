import time

import numpy as np
import pytest

from annotations.same_box import is_there_already


def iou(a, b):
    width = max(0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    height = max(0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    both = width * height
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def test_it_works():
    drawn = [(10, 10, 20, 20), (100, 10, 30, 30)]
    assert is_there_already([(12, 11, 20, 20), (60, 10, 20, 20)], drawn).tolist() == [True, False]


@pytest.mark.parametrize(
    ("width", "expected"),
    [(20, True), (20.001, False), (5, True), (4.999, False)],  # within a box of 10 x 10: 10/20, 5/10
)
def test_the_limit_is_an_iou_of_a_half(width, expected):
    assert is_there_already([(0, 0, width, 10)], [(0, 0, 10, 10)]).tolist() == [expected]
    assert is_there_already([(0, 0, 10, 10)], [(0, 0, width, 10)]).tolist() == [expected]
    assert is_there_already([(0, 0, 10, width)], [(0, 0, 10, 10)]).tolist() == [expected]


@pytest.mark.parametrize("none", [([], [(0, 0, 1, 1)]), ([(0, 0, 1, 1)], []), ([], [])])
def test_no_boxes_are_no_trouble(none):
    assert not is_there_already(*none).any()


def test_it_agrees_with_comparing_all_with_all():
    random = np.random.default_rng(1)
    boxes, others = (np.column_stack([random.uniform(0, 60, (150, 2)), random.lognormal(2.5, 0.7, (150, 2))])
                     for _ in range(2))  # fmt: skip
    expected = [any(iou(box, other) >= 0.5 for other in others) for box in boxes]
    assert is_there_already(boxes, others).tolist() == expected
    assert 10 < sum(expected) < 140


# A crowded micrograph, all boxes on one place, and all in one column.
@pytest.mark.parametrize("area_px", [(4096, 4096), (0.5, 0.5), (1, 200_000)])
def test_five_thousand_against_five_thousand_take_less_than_three_seconds(area_px):
    random = np.random.default_rng(2)
    boxes = np.column_stack([random.uniform(0, area_px, (5000, 2)), random.uniform(20, 24, (5000, 2))])
    start = time.process_time()
    assert is_there_already(boxes, boxes[::-1] + [0.5, 0.5, 0, 0]).all()
    assert time.process_time() - start < 3
