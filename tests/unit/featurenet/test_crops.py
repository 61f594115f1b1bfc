"""Crops: where they lie, how they are scaled, and what each channel shows."""

import numpy as np
import pytest

from mlcore.data import feature_crops
from mlcore.data.feature_crops import SIDE_PX, SPAN_PX, cut
from tests.phantoms import ellipse_outline

SHAPE = (120, 150)


def planes(shape=SHAPE):
    rows, columns = np.indices(shape, dtype=np.float32)
    return rows * 0.01, {"foreground": columns / shape[1], "distance": rows / shape[0]}


@pytest.mark.parametrize("diameter", [8, 21.3, 64])
def test_a_particle_spans_half_of_its_crop_whatever_its_size(diameter):
    frame, maps = planes()
    (crop,) = cut(frame, maps, [ellipse_outline((70.2, 61.7), diameter)])
    size = np.clip(1 + np.log2(diameter / 24) / 4, 0.25, 1.75)
    own = crop[3] / size
    assert own.sum() == pytest.approx(np.pi * (SPAN_PX / 2) ** 2, rel=2e-3)
    assert np.ptp(np.flatnonzero(own.max(0) > 0.01)) + 1 == pytest.approx(SPAN_PX, abs=2)
    rows, columns = np.indices((SIDE_PX, SIDE_PX))
    assert (own * (columns + 0.5)).sum() / own.sum() == pytest.approx(SIDE_PX / 2, abs=0.01)
    assert (own * (rows + 0.5)).sum() / own.sum() == pytest.approx(SIDE_PX / 2, abs=0.01)


@pytest.mark.parametrize("diameter", [8, 21.3])
def test_a_crop_shows_the_place_of_its_particle(diameter):
    frame, maps = planes()
    (crop,) = cut(frame, maps, [ellipse_outline((70.2, 61.7), diameter)])
    # A ramp's mean is its value in the middle; a pixel's centre lies half a pixel from its corner.
    assert crop[1].mean() * SHAPE[1] == pytest.approx(70.2 - 0.5, abs=0.02)
    assert crop[2].mean() * SHAPE[0] == pytest.approx(61.7 - 0.5, abs=0.02)
    steps = np.diff(crop[1].mean(0))
    np.testing.assert_allclose(steps, diameter / SPAN_PX / SHAPE[1], rtol=1e-2)


def test_levels_of_a_crop_do_not_depend_on_gain_or_offset():
    rng = np.random.default_rng(0)
    frame, maps = rng.normal(0, 1, SHAPE).astype(np.float32), planes()[1]
    outline = [ellipse_outline((70, 60), 20)]
    np.testing.assert_allclose(cut(frame, maps, outline), cut(7 * frame + 3, maps, outline), atol=1e-4)
    flat = cut(np.full(SHAPE, 5, np.float32), maps, outline)
    assert np.abs(flat[:, 0]).max() < 1e-5


def test_a_crop_over_the_edge_is_mirrored_and_its_own_mask_is_not():
    frame, maps = planes()
    half = ellipse_outline((0, 60), 30)
    half[:, 0] = np.clip(half[:, 0], 0, None)
    (crop,) = cut(frame, maps, [half])
    edge = round((0 - (7.5 - 30)) * SIDE_PX / 60)
    np.testing.assert_allclose(crop[1, :, edge : 2 * edge], crop[1, :, :edge][:, ::-1], atol=2e-3)
    assert crop[3, :, : edge - 1].max() == 0
    assert crop[3, :, edge + 1].max() > 0.9


def test_a_frame_smaller_than_a_crop_is_mirrored_as_often_as_it_takes():
    frame, maps = planes((9, 7))
    (crop,) = cut(frame, maps, [np.array([[0, 0], [7, 0], [7, 9], [0, 9.0]])])
    assert crop.shape == (4, SIDE_PX, SIDE_PX)
    assert np.isfinite(crop).all()
    assert 0 <= crop[1].min() < crop[1].max() <= 1


def test_moved_and_stretched_boxes_move_and_stretch_their_crops():
    frame, maps = planes()
    outline = ellipse_outline((70, 60), 20)
    (crop,) = cut(frame, maps, [outline], np.array([[0.1, -0.1]]), np.array([1.25]))
    assert crop[1].mean() * SHAPE[1] == pytest.approx(70 + 2 - 0.5, abs=0.02)
    assert crop[2].mean() * SHAPE[0] == pytest.approx(60 - 2 - 0.5, abs=0.02)
    assert (crop[3] > 0.4).sum() == pytest.approx(np.pi * (SPAN_PX / 1.25 / 2) ** 2, rel=0.03)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_polygons_coverage_is_its_area_in_either_sense_of_rotation(turn):
    triangle = np.array([[3.0, 2.0], [50.25, 10.5], [20.0, 60.0]])[::turn]
    beside = triangle + (100, 0)
    over = triangle - (25, 0)
    covered = feature_crops.coverage([triangle, beside, over], SIDE_PX)
    (x0, y0), (x1, y1), (x2, y2) = triangle
    area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
    assert covered[0].sum() == pytest.approx(area, rel=1e-3)
    assert covered[1].sum() == 0
    assert 0 < covered[2].sum() < area
    assert covered.max() <= 1 + 1e-6


def test_no_outlines_give_no_crops():
    frame, maps = planes()
    assert cut(frame, maps, []).shape == (0, 4, SIDE_PX, SIDE_PX)
