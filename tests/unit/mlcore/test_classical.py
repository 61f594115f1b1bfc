"""The classical engine on drawn frames: all of them, of the right size, and nothing in empty ones."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from annotations import shape
from annotations.demo import micrographs
from mlcore.evaluation.matching import box_iou, match
from mlcore.evaluation.scores import score
from mlcore.inference.classical import ClassicalEngine
from mlcore.inference.engine import DEFAULT_CONFIDENCE, ENGINES, load_engine
from mlcore.inference.preparation import cleaned, picture_rows
from mlcore.inference.selection import parted
from tests import phantoms

ENGINE = ClassicalEngine()


def boxes(discs):
    return [(x - d / 2, y - d / 2, d, d) for x, y, d in discs]


def scored(found, discs):
    return score(match(box_iou(boxes(discs), [one.box for one in found]), 0.5))


def sure(found):
    return [one for one in found if one.confidence >= 0.5]


@pytest.mark.parametrize("contrast", [1.0, -1.0])
@pytest.mark.parametrize(("diameter", "gap"), [(10, 16), (24, 20), (60, 20)])
def test_discs_are_found_bright_and_dark_and_sized_within_two_percent(diameter, gap, contrast):
    discs = phantoms.grid_discs(200, diameter, gap)
    found = sure(ENGINE.find(phantoms.micrograph(200, discs, contrast=contrast, noise=0.1, slope=0.5)))
    assert scored(found, discs).f1 > 0.97
    sizes = [one.ecd_nm for one in shape.measure_many([one.outline for one in found], pixel_size_nm=0.5)]
    assert np.median(sizes) == pytest.approx(0.5 * diameter, rel=0.02)


@pytest.mark.parametrize("contrast", [1.0, -1.0])
def test_touching_discs_are_parted_and_sized(contrast):
    discs = [(x + dx, y, 30) for x in (50, 150) for y in (40, 100, 160) for dx in (0, 29)]
    found = sure(ENGINE.find(phantoms.micrograph(220, discs, contrast=contrast, noise=0.05)))
    assert scored(found, discs).f1 == 1
    sizes = [one.ecd_px for one in shape.measure_many([one.outline for one in found])]
    assert np.median(sizes) == pytest.approx(30, rel=0.03)


def test_a_neck_too_thin_for_the_scale_of_the_search_parts_all_the_same():
    beside = np.array([59 * np.cos(0.6), 59 * np.sin(0.6)])  # 2 px between them, at no special angle
    places = [(x, y) for x in (100, 270, 440) for y in (100, 270, 440)]
    discs = [disc for x, y in places for disc in ((x, y, 64), (x + beside[0], y + beside[1], 50))]
    found = sure(ENGINE.find(phantoms.micrograph(600, discs, contrast=-1, noise=0.4)))
    assert scored(found, discs).f1 == 1


def test_a_dense_layer_is_found():
    discs = phantoms.grid_discs(250, 26, 5)
    found = ENGINE.find(phantoms.micrograph(250, discs, noise=0.1))
    assert scored(sure(found), discs).f1 > 0.95


def test_sizes_far_apart_on_one_frame():
    discs = [(100, 100, 120), (300, 80, 60), (300, 200, 20), (350, 300, 10), (60, 320, 30)]
    found = ENGINE.find(phantoms.micrograph(400, discs, noise=0.1))
    assert scored(sure(found), discs).f1 == 1


def test_particles_cut_by_the_frame_are_found():
    discs = [(0, 60, 40), (100, 0, 50), (200, 120, 40), (90, 198, 30), (100, 100, 40)]
    found = sure(ENGINE.find(phantoms.micrograph(200, discs, noise=0.2)))
    cut = [np.clip([x - d / 2, y - d / 2, x + d / 2, y + d / 2], 0, 200) for x, y, d in discs]
    true = [(left, top, right - left, bottom - top) for left, top, right, bottom in cut]
    assert score(match(box_iou(true, [one.box for one in found]), 0.7)).f1 == 1


def test_a_particle_is_outlined_and_not_its_halo():
    discs = [(x, y, 14) for x in (60, 140) for y in (60, 140)]
    image = phantoms.micrograph(200, [(x, y, 36) for x, y, _ in discs], noise=0.15)
    image += 8 * phantoms.micrograph(200, discs, noise=0)
    found = sure(ENGINE.find(image))
    assert scored(found, discs).f1 == 1
    sizes = [one.ecd_px for one in shape.measure_many([one.outline for one in found])]
    assert np.median(sizes) == pytest.approx(14, rel=0.06)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("grain_px", [0, 2])
def test_noise_alone_gives_hardly_anything_to_show(seed, grain_px):
    image = np.random.default_rng(seed).normal(100, 10, (384, 384))
    image = ndimage.gaussian_filter(image, grain_px) if grain_px else image
    assert sum(one.confidence >= DEFAULT_CONFIDENCE for one in ENGINE.find(image)) <= 4


def test_grains_of_the_support_are_not_shown_beside_particles():
    image = micrographs.gold_on_carbon(side_px=512)
    random = np.random.default_rng(11)
    spheres = micrographs.scattered_spheres(
        random, image.shape, 512 // 12, median_px=52, spread=1.3, gap_px=-1.5
    )
    true = np.array([(x - r, y - r, x + r, y + r) for y, x, r in spheres]).clip(0, 512)
    true[:, 2:] -= true[:, :2]
    found = [one for one in ENGINE.find(image) if one.confidence >= DEFAULT_CONFIDENCE]
    result = score(match(box_iou(true, [one.box for one in found]), 0.5))
    assert result.precision >= 0.95
    assert result.recall >= 0.9


def test_writing_and_a_scale_bar_are_no_particles():
    discs = [(60, 60, 30), (150, 60, 30), (60, 130, 30)]
    image = 50 + 100 * (phantoms.micrograph(220, discs, noise=0.1) - 10)
    image = np.clip(image, 0, 254).round().astype(np.uint8)
    image[200:206, 120:200] = 255
    for column in (130, 150, 170):  # H, H, H
        image[178:194, column : column + 3] = image[178:194, column + 9 : column + 12] = 255
        image[184:187, column : column + 12] = 255
    assert scored(ENGINE.find(image), discs).f1 == 1


def test_overexposed_particles_are_no_writing():
    discs = [(60, 60, 30), (150, 60, 30), (60, 130, 30)]
    image = phantoms.micrograph(220, discs, noise=0.05) - 10
    image = np.clip(400 * ndimage.gaussian_filter(image, 0.8), 0, 255).astype(np.uint8)
    assert scored(sure(ENGINE.find(image)), discs).recall == 1


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64)),
        np.full((64, 64), 7, dtype=np.uint16),
        np.ones((1, 1)),
        np.random.default_rng(0).random((7, 500)),
        np.full((9, 9), True),
    ],
)
def test_where_there_is_nothing_nothing_is_found(image):
    assert ENGINE.find(image) == []


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (np.full((50, 50), np.nan), "hold no number"),
        (np.zeros((3, 50, 50)), "must be an image"),
        (np.zeros((0, 50)), "must be an image"),
        (np.zeros((50, 50), dtype=complex), "complex numbers"),
    ],
)
def test_what_is_no_image_is_refused_in_a_sentence(image, sentence):
    with pytest.raises(ValueError, match=sentence):
        ENGINE.find(image)


@pytest.mark.parametrize("shape_px", [(8, 8), (9, 31), (30, 4000), (4000, 30), (101, 57)])
def test_odd_sizes_do_not_matter(shape_px):
    ENGINE.find(np.random.default_rng(0).random(shape_px))


def test_a_very_long_frame():
    image = 10 + 0.1 * np.random.default_rng(0).standard_normal((200, 30_000)).astype(np.float32)
    discs = [(x, 100, 40) for x in range(500, 30_000, 5000)]
    for x, y, d in discs:
        image[y - 30 : y + 30, x - 30 : x + 30] += phantoms.disc(60, (30, 30), d)
    assert scored(sure(ENGINE.find(image)), discs).f1 == 1


def test_missing_pixels_and_huge_values_do_not_matter():
    discs = phantoms.grid_discs(200, 24, 20)
    image = phantoms.micrograph(200, discs).astype(float) * 1e30
    image[::17, ::13] = np.nan
    assert scored(ENGINE.find(image), discs).recall > 0.9


@pytest.mark.parametrize(("diameter", "count"), [(10, 60), (16, 60), (16, 15), (40, 30)])
def test_a_few_small_particles_on_a_large_frame_are_found_once_each(diameter, count):
    rng = np.random.default_rng(diameter)
    discs = []
    while len(discs) < count:
        x, y = rng.uniform(30, 994, 2)
        if all(np.hypot(x - a, y - b) > 2 * diameter + 12 for a, b, _ in discs):
            discs.append((x, y, float(diameter)))
    found = ENGINE.find(phantoms.micrograph(1024, discs, contrast=-1.0, noise=0.08))
    found = [one for one in found if one.confidence >= DEFAULT_CONFIDENCE]
    assert scored(found, discs).recall == 1
    assert len(found) <= count + max(2, 0.15 * count)
    overlap = box_iou([one.box for one in found], [one.box for one in found])
    assert (np.triu(overlap, 1) < 0.5).all()
    ecd = [shape.measure(one.outline).ecd_px for one in sure(found)]
    assert np.median(ecd) == pytest.approx(diameter, rel=0.03)


@pytest.mark.parametrize("value", [40, 200])
def test_particles_of_one_extreme_value_are_no_writing(value):
    discs = [(50 + 100 * k, 50 + 100 * j, 40.0) for k in range(4) for j in range(4)]
    y, x = np.mgrid[:420, :420] + 0.5
    inside = np.any([np.hypot(x - a, y - b) < d / 2 for a, b, d in discs], axis=0)
    background = np.random.default_rng(0).normal(150 if value == 40 else 100, 8, inside.shape)
    image = np.where(inside, value, np.clip(background, 41, 199)).astype(np.uint8)
    assert scored(sure(ENGINE.find(image)), discs).f1 == 1


@pytest.mark.parametrize("make", [lambda a: a.astype(np.uint32) + np.uint32(2**31), lambda a: a * 1e300])
def test_depth_is_kept_on_a_high_offset_and_at_any_scale(make):
    discs = [(60, 60, 30.0), (140, 60, 30.0), (100, 140, 30.0)]
    image = np.rint(200 * phantoms.micrograph(200, discs, noise=0.05)).astype(np.float64)
    plain = sorted(shape.measure(one.outline).ecd_px for one in sure(ENGINE.find(image)))
    other = sorted(shape.measure(one.outline).ecd_px for one in sure(ENGINE.find(make(image))))
    assert other == pytest.approx(plain, rel=1e-3)


def test_outlines_stay_inside_the_frame():
    image = phantoms.micrograph(200, [(2, 100, 40), (100, 199, 50), (190, 10, 30)])
    for one in ENGINE.find(image):
        assert one.outline.min() >= 0
        assert one.outline.max() <= 200
        assert 0 <= one.confidence <= 1


def test_the_same_frame_gives_the_same_particles():
    image = phantoms.micrograph(256, phantoms.grid_discs(256, 20, 20))
    first, second = ENGINE.find(image), ENGINE.find(image)
    assert [one.box for one in first] == [one.box for one in second]


def test_finer_sampling_gives_the_same_size():
    sizes = []
    for zoom in (1, 2, 4):
        discs = [(x * zoom, y * zoom, d * zoom) for x, y, d in phantoms.grid_discs(110, 20, 20)]
        found = ENGINE.find(phantoms.micrograph(110 * zoom, discs, noise=0.05))
        outlines = [one.outline for one in sure(found)]
        sizes.append(np.median([one.ecd_px for one in shape.measure_many(outlines)]) / zoom)
    assert sizes == pytest.approx([20] * 3, rel=0.015)


def test_progress_goes_up_to_one_and_what_it_raises_stops_the_engine():
    image = phantoms.micrograph(128, [(60, 60, 20)])
    steps = []
    ENGINE.find(image, on_step=steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 1

    def stop(share):
        raise KeyError

    with pytest.raises(KeyError):
        ENGINE.find(image, on_step=stop)


def test_a_burned_in_footer_is_left_out():
    image = np.vstack([phantoms.micrograph(300, [(100, 100, 40)]), np.zeros((40, 300), np.float32)])
    image[310:330, 50:120:7] = 99
    assert picture_rows(cleaned(image)) == slice(0, 300)


def test_dark_vacuum_is_no_footer():
    image = np.zeros((300, 300), np.float32)
    image[:200, :150] = phantoms.micrograph(300, [])[:200, :150]
    assert picture_rows(cleaned(image)) == slice(0, 300)


def test_a_disc_is_not_parted_and_a_dumbbell_is():
    disc = phantoms.disc(60, (30, 30), 30) > 0.5
    assert len(parted(disc)) == 1
    pair = disc | (phantoms.disc(60, (54, 30), 26) > 0.5)
    assert len(parted(pair)) == 2


def test_engines_are_found_by_name():
    assert {load_engine(name).name for name in ENGINES} == set(ENGINES)
    with pytest.raises(ValueError, match="choose one of: classical"):
        load_engine("magic")


def test_the_editor_shows_at_first_what_engines_mean_it_to():
    script = Path(__file__).parents[3] / "static" / "js" / "editor" / "suggestions.js"
    assert float(re.search(r"SHOWN_AT_FIRST = ([\d.]+)", script.read_text())[1]) == DEFAULT_CONFIDENCE
