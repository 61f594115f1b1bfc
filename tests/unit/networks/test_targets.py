"""Maps from outlines, and outlines back from maps: what a perfect network would reach."""

import numpy as np
import pytest

from annotations.outline import polygon_area
from mlcore.data import augment, targets
from mlcore.data.examples import Example, load, of_scene, save
from mlcore.data.sampling import normalised, resampled
from mlcore.evaluation.matching import box_iou, match
from mlcore.inference.decode import instances
from mlcore.nets.channels import CHANNELS
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier
from tests.phantoms import ellipse_outline

SHAPE = (120, 160)


def maps_of(outlines, kinds=None, is_ignored=None, shape=SHAPE):
    n = len(outlines)
    kinds = np.zeros(n, int) if kinds is None else np.asarray(kinds)
    is_ignored = np.zeros(n, bool) if is_ignored is None else np.asarray(is_ignored)
    maps, weight = targets.build(outlines, kinds, is_ignored, shape)
    return dict(zip(CHANNELS, maps, strict=True)), weight


def box(outline):
    low, high = outline.min(0), outline.max(0)
    return [*low, *(high - low)]


def test_a_disc_has_its_area_its_middle_and_its_size_on_the_maps():
    maps, weight = maps_of([ellipse_outline((60, 50), 40)])
    assert maps["foreground"].sum() == pytest.approx(np.pi * 400, rel=0.01)
    assert maps["distance"].max() == pytest.approx(1)
    assert np.unravel_index(maps["centre"].argmax(), SHAPE) == pytest.approx((50, 60), abs=1)
    assert maps["centre"].max() == pytest.approx(1)
    assert np.exp(maps["log_ecd"][50, 60]) == pytest.approx(40, rel=0.01)
    assert maps["border"].sum() == maps["overlap"].sum() == 0
    np.testing.assert_array_equal(weight, 1)


def test_two_that_touch_have_a_border_and_two_apart_have_none():
    touching, _ = maps_of([ellipse_outline((50, 50), 30), ellipse_outline((80, 50), 30)])
    apart, _ = maps_of([ellipse_outline((50, 50), 30), ellipse_outline((90, 50), 30)])
    assert touching["border"][50, 64:66].all()
    assert touching["border"].sum() < 60
    assert apart["border"].sum() == 0


def test_what_overlaps_is_said_and_the_later_one_is_on_top():
    maps, _ = maps_of([ellipse_outline((50, 50), 40), ellipse_outline((70, 50), 20)], kinds=[0, 1])
    assert maps["overlap"].sum() > 100
    assert maps["tube"][50, 65] == 1
    assert maps["tube"][50, 45] == 0


def test_small_ones_weigh_more_and_ignored_ones_nothing():
    outlines = [ellipse_outline((40, 60), 60), ellipse_outline((100, 40), 10), ellipse_outline((130, 90), 20)]
    _, weight = maps_of(outlines, is_ignored=[False, False, True])
    assert weight[40, 100] > weight[60, 40] > 0
    assert weight[90, 130] == 0


@pytest.mark.parametrize("name", ["T2", "T3"])
def test_true_maps_give_the_true_particles_back(name):
    found_all = true_all = paired = 0
    for number in range(6):
        example = of_scene(simulate(2, number, tier(name), (384, 384)), "one")
        maps, _ = maps_of(example.outlines, example.kinds, shape=example.image.shape)
        maps = {key: value if key == "log_ecd" else 0.01 + 0.98 * value for key, value in maps.items()}
        found = instances(maps)
        true = [one for one, ecd in zip(example.outlines, example.ecd_px, strict=True) if ecd >= 5]
        matching = match(box_iou([box(one) for one in true], [box(one.outline) for one in found]))
        found_all, true_all, paired = (
            found_all + len(found),
            true_all + len(true),
            paired + len(matching.pairs),
        )
    assert 2 * paired / (found_all + true_all) > (0.98 if name == "T2" else 0.93)


def test_an_outline_from_maps_is_exact_to_a_hundredth_of_its_area():
    disc = ellipse_outline((60.3, 50.7), 41.3)
    from tests.phantoms import coverage

    fine = coverage(160, lambda x, y: np.hypot(x - 60.3, y - 50.7) < 41.3 / 2)[:120]
    maps, _ = maps_of([disc])
    (found,) = instances({**maps, "foreground": fine})
    assert polygon_area(found.outline) == pytest.approx(polygon_area(disc), rel=0.01)


def test_an_empty_frame_has_empty_maps_and_no_particles():
    maps, weight = maps_of([])
    assert not any(values.any() for values in maps.values())
    np.testing.assert_array_equal(weight, 1)
    assert instances(maps) == []


def test_examples_come_back_as_they_were_saved(tmp_path):
    first = of_scene(simulate(1, 1, tier("T2"), (96, 96)), "scene")
    empty = Example("e", np.zeros((8, 8), np.uint16), [], np.zeros(0, np.int8), np.zeros(0, bool), "g")
    for example in (first, empty):
        save(example, tmp_path / "one.npz")
        again = load(tmp_path / "one.npz")
        np.testing.assert_array_equal(again.image, example.image)
        assert len(again.outlines) == len(example.outlines)
        for one, other in zip(again.outlines, example.outlines, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-3)
        assert (again.name, again.group, again.pixel_size_nm) == (
            example.name,
            example.group,
            example.pixel_size_nm,
        )


def test_levels_do_not_depend_on_gain_offset_or_a_few_bright_particles():
    rng = np.random.default_rng(0)
    frame = rng.normal(0, 1, (256, 256)).astype(np.float32)
    np.testing.assert_allclose(normalised(frame), normalised(1000 + 37 * frame), atol=1e-3)
    bright = frame.copy()
    bright[:20, :20] = 50
    assert np.abs(normalised(bright)[40:] - normalised(frame)[40:]).max() < 0.05
    assert np.isfinite(normalised(np.full((32, 32), 7.0, np.float32))).all()


def test_a_zoom_keeps_places_by_the_factor_it_gives():
    frame = np.zeros((101, 67), np.float32)
    frame[60:70, 20:30] = 1
    smaller, (zoom_x, zoom_y) = resampled(frame, 0.5)
    rows, columns = np.indices(smaller.shape)
    assert (smaller * (columns + 0.5)).sum() / smaller.sum() == pytest.approx(25 * zoom_x, abs=0.1)
    assert (smaller * (rows + 0.5)).sum() / smaller.sum() == pytest.approx(65 * zoom_y, abs=0.1)


@pytest.mark.parametrize("change", [one for one, _ in augment.MENU])
def test_a_change_keeps_shape_and_finite_numbers_and_depends_on_its_generator_alone(change):
    crop = np.random.default_rng(1).normal(0, 1, (64, 64)).astype(np.float32)
    before = crop.copy()
    first, again = (change(np.random.default_rng(5), crop) for _ in range(2))
    assert first.shape == crop.shape
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(crop, before)


def test_a_flat_crop_survives_every_change():
    crop = np.zeros((64, 64), np.float32)
    for seed in range(20):
        assert np.isfinite(augment.augmented(np.random.default_rng(seed), crop)).all()
