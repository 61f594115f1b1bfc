"""Scenes: reproducible, truth from geometry alone, what a tier promises."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from django.core.management import CommandError, call_command

from annotations import instruments
from annotations.outline import polygon_area
from annotations.raster import inside
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import TIERS, TRAINING, tier

SIZE = (192, 160)


@pytest.mark.parametrize("name", [*TIERS, "training"])
def test_the_same_seed_gives_the_same_scene_and_another_noise_the_same_truth(name):
    first, again = (simulate(4, 2, tier(name), SIZE) for _ in range(2))
    other = simulate(4, 2, tier(name), SIZE, noise_seed=1)
    assert first.image.shape == (160, 192)
    assert first.image.dtype == np.uint16
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.image != other.image).any()
    assert len(first.particles) == len(other.particles)
    for one, same in zip(first.particles, other.particles, strict=True):
        np.testing.assert_array_equal(one.visible, same.visible)
        assert one.ecd_nm == same.ecd_nm
        assert one.rose_number == same.rose_number


def test_training_never_shows_what_the_last_tier_holds_out():
    held_out = set(TIERS["T6"].families) - set(TRAINING.families)
    assert "cube" in held_out
    assert not set(TIERS["T6"].metals) & set(TRAINING.metals + TRAINING.others)
    assert TIERS["T6"].pixel_size_nm[0] > TRAINING.pixel_size_nm[1]


def test_scenes_of_two_tiers_with_one_seed_are_two_specimens():
    assert (
        simulate(4, 2, tier("T2"), SIZE).pixel_size_nm != simulate(4, 2, tier("training"), SIZE).pixel_size_nm
    )


def scenes(name, n=6):
    return [simulate(11, k, tier(name), SIZE) for k in range(n)]


def test_easy_particles_are_apart_and_crowded_ones_meet():
    hidden = {
        name: [one.hidden_share for s in scenes(name) for one in s.particles if not one.is_truncated]
        for name in ("T1", "T3")
    }
    assert max(hidden["T1"]) == 0
    assert max(hidden["T3"]) > 0.02


def test_visible_parts_do_not_overlap_and_lie_in_the_frame():
    for scene in scenes("T3"):
        cover = np.zeros((160 * 4, 192 * 4), int)
        for one in scene.particles:
            assert one.visible.min() >= 0
            assert (one.visible.max(0) <= (192, 160)).all()
            cover[inside(one.visible * 4, cover.shape)] += 1
        assert (cover > 1).mean() < 0.005


def test_sizes_are_those_of_the_whole_particle_also_where_it_is_cut():
    for scene in scenes("T2", 10):
        for one in scene.particles:
            whole = 2 * np.sqrt(polygon_area(one.outline) / np.pi) * scene.pixel_size_nm
            assert one.ecd_nm == pytest.approx(whole, rel=1e-6)
            is_cut = (one.outline < 0).any() or (one.outline > (192, 160)).any()
            assert one.is_truncated == is_cut
            assert polygon_area(one.visible) <= polygon_area(one.outline) * 1.02


def test_twice_the_dose_makes_particles_easier_to_see():
    few, many = (
        replace(TIERS["T2"], dose_e_px=(dose, dose), haadf_share=0.0, others=()) for dose in (50.0, 200.0)
    )
    for k in range(3):
        dim, bright = simulate(5, k, few, SIZE), simulate(5, k, many, SIZE)
        pairs = [
            (a.rose_number, b.rose_number)
            for a, b in zip(dim.particles, bright.particles, strict=False)
            if a.material == b.material and a.ecd_nm == b.ecd_nm and a.rose_number > 0
        ]
        for a, b in pairs:  # four times the electrons; the background's unevenness stays
            assert 1 < b / a < 2.04


def test_the_command_writes_calibrated_files_that_the_readers_read_and_truth_that_matches(tmp_path):
    for name in ("a", "b"):
        call_command(
            "simulate",
            count=3,
            tier="T2",
            seed=8,
            out=str(tmp_path / name),
            size=128,
            processes=1,
            verbosity=0,
        )
    content = json.loads((tmp_path / "a" / "coco.json").read_text())
    assert (tmp_path / "a" / "coco.json").read_bytes() == (tmp_path / "b" / "coco.json").read_bytes()
    assert len(content["images"]) == 3
    for image in content["images"]:
        path = tmp_path / "a" / image["file_name"]
        assert path.read_bytes() == (tmp_path / "b" / image["file_name"]).read_bytes()
        recording = instruments.read(path)
        assert tifffile.imread(path).dtype == np.uint16
        assert recording.readings[0].x_nm == pytest.approx(image["pixel_size_nm"], rel=1e-4)
    wanted = set(
        "bbox segmentation category_id ecd_nm aspect_ratio roundness rose_number truncated".split()  # noqa: SIM905
    )
    assert content["annotations"]
    for one in content["annotations"]:
        assert wanted <= set(one)
        x, y, width, height = one["bbox"]
        points = np.reshape(one["segmentation"][0], (-1, 2))
        np.testing.assert_allclose([x, y], points.min(0), atol=1e-3)
        np.testing.assert_allclose([x + width, y + height], points.max(0), atol=1e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tier": "T9"}, "There is no tier “T9”"),
        ({"count": 0}, "--count must be from 1"),
        ({"size": 10}, "--size must be from 64"),
        ({"seed": -1}, "--seed must be 0 or more"),
        ({"processes": 0}, "--processes must be 1 or more"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(tmp_path, change, words):
    given = {"count": 1, "tier": "T1", "seed": 0, "out": str(tmp_path / "new"), **change}
    with pytest.raises(CommandError, match=words):
        call_command("simulate", **given)
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(CommandError, match="is not empty"):
        call_command("simulate", count=1, tier="T1", seed=0, out=str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
