"""A GAN learns, stops and goes on to the same weights, and leaves labels as they are."""

import numpy as np
import pytest
import torch

from mlcore.data import examples
from mlcore.data.examples import Example
from mlcore.data.gan_batches import GanBatches, patches, prepare_scenes
from mlcore.evaluation.gan_figures import central_diameter
from mlcore.inference.agreement import agreement
from mlcore.inference.refiner import Refiner
from mlcore.inference.weights import read_model
from mlcore.nets.gan_inputs import MAPS, VECTOR
from mlcore.simulation.scene import simulate, simulate_maps
from mlcore.simulation.tiers import tier
from mlcore.training import checkpoint, gan_model
from mlcore.training.gan import train_gan
from mlcore.training.gan_config import GanConfig
from mlcore.training.gan_model import write_gan
from tests import phantoms

SOURCES = ({"dataset": "0" * 64},)


def config(**over):
    usual = {"batch_size": 4, "patch_px": 32, "steps": 6, "scenes": 2, "scene_px": 96, "tier": "T1"}
    return GanConfig(sources=SOURCES, **{**usual, **over})


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return prepare_scenes(config(), tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder, paths = tmp_path_factory.mktemp("real"), []
    for k in range(2):
        image = phantoms.micrograph(96, [(30, 40, 20), (70, 60, 24)])
        none = np.zeros(0)
        paths.append(folder / f"{k}.npz")
        examples.save(Example(f"frame-{k}", image, [], none, none, f"specimen-{k}"), paths[-1])
    return paths


def test_it_learns_to_tell_real_from_made(scenes, tmp_path):
    seen = []

    def note(step, loss, terms):
        seen.append({name: term.item() for name, term in terms.items()})

    # Stripes, which nothing that was simulated has: two dozen steps of four patches are few.
    stripes = np.tile(np.where(np.arange(96) % 8 < 4, 40_000, 10_000).astype(np.uint16), (96, 1))
    path, none = tmp_path / "stripes.npz", np.zeros(0)
    examples.save(Example("stripes", stripes, [], none, none, "stripes"), path)
    train_gan(config(steps=24, r1_every=12), scenes, [path], tmp_path, on_step=note)
    assert all(np.isfinite(list(one.values())).all() for one in seen)
    fell = [np.mean([one["discriminator"] for one in some]) for some in (seen[:4], seen[-4:])]
    assert fell[1] < 0.95 * fell[0], [one["discriminator"] for one in seen]


@pytest.mark.parametrize("mode", ["refiner", "parametric"])
def test_what_was_stopped_goes_on_to_the_same_weights(scenes, real, tmp_path, mode):
    some = config(steps=4, r1_every=2)
    if mode == "parametric":
        some = config(mode=mode, patch_px=64, steps=4, r1_every=2, scene_px=192, scenes=1)
        scenes = prepare_scenes(some, tmp_path / "scenes")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    one = train_gan(some, scenes, real, whole)

    def stop(step, *_):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_gan(some, scenes, real, parts, on_step=stop)
    assert checkpoint.load(parts / "checkpoint.pt")["step"] == 3
    steps = []
    other = train_gan(some, scenes, real, parts, on_step=lambda step, *_: steps.append(step))
    assert steps == [4]
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-5, atol=1e-7, msg=name)
    with pytest.raises(ValueError, match="another configuration"):
        train_gan(config(seed=1), scenes, real, parts)


def test_a_loss_that_is_no_number_is_one_sentence(scenes, real, tmp_path):
    with pytest.raises(ValueError, match=r"went astray at step \d+: its \w+ loss is no number"):
        train_gan(config(level=float("nan")), scenes, real, tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"mode": "both"}, "mode must be"),
        ({"width": 0.3}, "width must be one of"),
        ({"patch_px": 40}, "multiple of 16 from 32 to 128"),
        ({"mode": "parametric", "patch_px": 32}, "must be 64"),
        ({"batch_size": 1}, "at least 2"),
        ({"steps": 0}, "steps must be above 0"),
        ({"tier": "T9"}, "no tier"),
    ],
)
def test_a_configuration_refuses_nonsense(over, words):
    with pytest.raises(ValueError, match=words):
        config(**over)


def test_batches_are_a_function_of_seed_and_step(scenes, real):
    one, again = (GanBatches(config(), scenes, real)[5] for _ in range(2))
    assert one["maps"].shape == (4, len(MAPS), 32, 32)
    assert one["vectors"].shape == (4, len(VECTOR))
    assert all((one[name] == again[name]).all() for name in one)
    assert (GanBatches(config(), scenes, real)[6]["real"] != one["real"]).any()
    assert patches(real, 32, 5).shape == (5, 32, 32)


def test_maps_are_those_of_the_very_same_scene():
    scene, maps = simulate_maps(3, 0, tier("T1"), (96, 96))
    assert (scene.image == simulate(3, 0, tier("T1"), (96, 96)).image).all()
    covered = sum(one.ecd_px**2 * np.pi / 4 for one in scene.particles if not one.is_truncated)
    assert maps.mask.shape == maps.clean.shape == maps.thickness.shape == (96, 96)
    assert maps.mask.sum() >= 0.9 * covered
    assert ((maps.thickness > 0.01) <= (maps.mask > 0)).all()


@pytest.fixture(scope="module")
def refiner(scenes, real, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gan")
    train_gan(config(steps=2), scenes, real, folder)
    patch = pytest.MonkeyPatch()
    patch.setattr("mlcore.evaluation.gan_figures.PATCHES", 4)
    patch.setattr("mlcore.evaluation.gan_figures.FRAMES", 1)
    state = checkpoint.load(folder / "checkpoint.pt")
    model, figures = write_gan(
        folder, state, version="test", scenes=scenes, train=real, config=config(steps=2)
    )
    patch.undo()
    assert figures["kid_noise"] is not None
    assert (folder / gan_model.CARD).read_text().startswith("# test")
    assert model.sha256 == Refiner(folder).sha256
    return Refiner(folder)


def test_the_truth_of_a_refined_scene_is_the_simulators(refiner):
    plain = simulate(3, 1, tier("T1"), (104, 90))
    refined, again = (refiner.scene(tier("T1"), 3, 1, (104, 90)).scene for _ in range(2))
    assert (refined.image == again.image).all()
    assert refined.image.shape == plain.image.shape == (90, 104)
    assert (refined.image != plain.image).any()
    for one, other in zip(refined.particles, plain.particles, strict=True):
        assert (one.outline == other.outline).all()
        assert (one.ecd_nm, one.aspect_ratio) == (other.ecd_nm, other.aspect_ratio)


def test_a_particle_that_would_change_size_stays_as_simulated(refiner, monkeypatch):
    scene, maps = simulate_maps(1, 1, tier("T1"), (256, 256))
    grown = np.zeros(scene.image.shape, np.float32)
    whole = [one for one in scene.particles if not one.is_truncated and one.hidden_share == 0]
    middle = whole[0].outline.mean(0)
    y, x = np.mgrid[:256, :256]
    reach = np.hypot(x - middle[0], y - middle[1])
    grown[reach < whole[0].ecd_px / 2 + 3] = -0.5
    monkeypatch.setattr(refiner, "_residual", lambda *_: grown)
    done = refiner.refine(scene, maps, [0])
    assert done.n_measured >= 3
    assert 1 <= done.n_rejected < done.n_measured
    inside = reach < whole[0].ecd_px / 4
    assert (done.scene.image[inside] == scene.image[inside]).all()
    same = agreement(scene.image, scene.image, scene.particles)
    assert not same.disagrees.any()


def test_a_gan_is_no_detector(refiner):
    with pytest.raises(ValueError, match="no description of weights"):
        read_model(refiner.model.folder)


@pytest.mark.parametrize("diameter", [12, 20, 30])
def test_the_diameter_in_the_middle_of_a_patch_is_measured(diameter):
    y, x = np.mgrid[:64, :64] - 31.5
    disc = (np.hypot(x, y) < diameter / 2).astype(np.float32)
    assert central_diameter(0.8 - 0.5 * disc) == pytest.approx(diameter, abs=1)
    assert np.isnan(central_diameter(np.full((64, 64), 0.5)))
