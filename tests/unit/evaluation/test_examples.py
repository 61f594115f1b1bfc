"""What a model found on frozen frames: counts, figures, and the file that a stopped run goes on from."""

import numpy as np
import pytest

from mlcore.evaluation.examples import (
    counts_of,
    figures_of,
    found_of,
    from_json,
    to_json,
    without_slivers,
)
from mlcore.evaluation.frames import make_frame
from mlcore.evaluation.paired import paired_f1
from mlcore.inference.engine import Detection
from mlcore.inference.estimate import Estimate

ESTIMATE = Estimate(1.1, 1.0, 1.2, 1.3, 1.2, 1.4, 0.9, 0.8, 1.0, 0.05)


def disc(x, y, diameter, confidence=0.9, estimate=None):
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    outline = np.stack([x + diameter / 2 * np.cos(angle), y + diameter / 2 * np.sin(angle)], axis=1)
    return Detection(outline, confidence, estimate=estimate)


def true(*discs):
    return make_frame(
        "f", [[x - d / 2, y - d / 2, d, d] for x, y, d in discs], sizes={"ecd_nm": [10.0] * len(discs)}
    )


def test_counts_are_of_what_an_editor_would_show():
    found = found_of("f", [disc(50, 50, 20), disc(90, 90, 20), disc(20, 20, 20, 0.1)], (160, 160))
    assert counts_of(true((50, 50, 20), (20, 20, 20)), found) == [1, 2, 2]


def test_figures_have_intervals_and_the_engines_sizes():
    frames = {f"f{k}": true((50, 50, 20)) for k in range(3)}
    found = {name: found_of(name, [disc(50, 50, 20, estimate=ESTIMATE)], (160, 160), 0.5) for name in frames}
    figures = figures_of(frames, found, resamples=50)
    assert figures["f1"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 3}
    assert figures["diameter_bias_nm"]["value"] == pytest.approx(1.0, abs=0.05)  # 1.1 times 10 nm
    assert figures["diameter_coverage_90"]["value"] == 1.0
    assert figures["ap50"]["low"] is None


def test_a_draw_can_be_stopped():
    frames = {f"f{k}": true((50, 50, 20)) for k in range(2)}
    with pytest.raises(KeyError, match="stop"):
        figures_of(frames, frames, on_draw=lambda: {}["stop"])


def test_what_was_written_is_read_again():
    found = found_of("f", [disc(50, 50, 20, estimate=ESTIMATE), disc(90, 90, 4)], (160, 160))
    again = from_json(to_json(found))
    assert again.name == "f"
    np.testing.assert_array_equal(again.boxes, found.boxes)
    np.testing.assert_array_equal(again.confidence, found.confidence)
    for key, values in found.sizes.items():
        np.testing.assert_array_equal(again.sizes[key], values)
        np.testing.assert_array_equal(again.bounds[key], found.bounds[key])
    empty = from_json(to_json(found_of("f", [], (160, 160))))
    assert len(empty) == 0


def test_slivers_at_the_edge_count_neither_way():
    edge = [[0.0, 50.0, 2.0, 8.0]]
    assert without_slivers(make_frame("f", edge), (160, 160)).is_ignored.all()
    sliver = Detection(np.array([[0.0, 50.0], [2.0, 50.0], [2.0, 58.0], [0.0, 58.0]]), 0.9)
    assert len(found_of("f", [sliver], (160, 160))) == 0


def test_two_models_are_compared_on_the_frames_that_both_have():
    one = {"a": (5, 10, 10), "b": (10, 10, 10), "c": (10, 10, 10)}
    other = {"a": (5, 10, 10), "b": (5, 10, 10), "d": (0, 10, 10)}
    found = paired_f1(one, other)
    assert (found["value"], found["n"]) == (pytest.approx(0.25), 2)
    assert paired_f1(one, {})["n"] == 0


def test_the_interval_of_a_difference_holds_the_truth():
    """Frames whose two F1 differ by nothing in truth: 95 % intervals hold 0 about that often."""
    rng = np.random.default_rng(5)
    held, tries = 0, 200
    for _ in range(tries):
        first, second = rng.binomial(20, 0.8, (2, 30))
        one = {str(k): (n, 20, 20) for k, n in enumerate(first)}
        other = {str(k): (n, 20, 20) for k, n in enumerate(second)}
        found = paired_f1(one, other)
        held += found["low"] <= 0 <= found["high"]
    assert 0.88 <= held / tries <= 0.99
