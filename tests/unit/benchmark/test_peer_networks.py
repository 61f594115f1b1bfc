"""Peers on our U-Net: their targets, what decoding true maps gives back, and that they learn."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore.data import augment, peer_targets, sources, targets
from mlcore.data.crops import crop_of
from mlcore.data.examples import load, of_scene
from mlcore.evaluation.matching import box_iou, match
from mlcore.inference.decoders import DECODERS
from mlcore.losses.scales import FLOW_SCALE, RAY_UNIT_PX
from mlcore.nets.channels import CHANNELS, CHANNELS_OF, N_RAYS
from mlcore.nets.detector import build_detector
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier
from mlcore.training import checkpoint
from mlcore.training.config import DetectorConfig, read_config
from mlcore.training.detector import LOSSES, train_detector
from tests.phantoms import ellipse_outline

SCENES = {"simulate": {"tier": "T1", "seed": 1, "count": 3, "size": 96}}
DISTANCE = CHANNELS.index("distance")
CONFIGS = Path(__file__).parents[2] / "benchmark" / "configs"


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return [(1.0, sources.prepare(SCENES, tmp_path_factory.mktemp("scenes"), processes=1))]


def config(**over):
    return DetectorConfig(
        sources=[SCENES], **{"width": 0.25, "crop_px": 64, "batch_size": 2, "steps": 6, **over}
    )


def folder(path):
    path.mkdir(exist_ok=True)
    return path


def box(outline):
    low, high = outline.min(0), outline.max(0)
    return [*low, *(high - low)]


def perfect_logits(mode, outlines, kinds, shape):
    """What a network of a mode would give that makes no mistake."""
    maps, _ = targets.build(outlines, kinds, np.zeros(len(outlines), bool), shape)
    labels, _ = targets.label_map(outlines, shape)

    def logit(probability):
        probability = 0.01 + 0.98 * probability
        return np.log(probability / (1 - probability))

    if mode == "ours":
        return np.stack(
            [one if name == "log_ecd" else logit(one) for name, one in zip(CHANNELS, maps, strict=True)]
        )
    if mode == "paper":
        return logit(maps[:1])
    if mode == "stardist":
        stars = peer_targets.stardist_maps(labels, maps[DISTANCE])
        return np.concatenate([logit(stars[:1]), stars[1:] / RAY_UNIT_PX])
    flows = peer_targets.flow_maps(labels)
    return np.concatenate([logit(flows[:1]), FLOW_SCALE * flows[1:]])


@cache
def scene(name, number):
    return of_scene(simulate(2, number, tier(name), (320, 320)), "one")


def f1_of(mode, name, numbers):
    paired = n_true = n_found = 0
    for number in numbers:
        example = scene(name, number)
        found = DECODERS[mode](perfect_logits(mode, example.outlines, example.kinds, example.image.shape))
        true = [one for one, ecd in zip(example.outlines, example.ecd_px, strict=True) if ecd >= 5]
        pairs = match(box_iou([box(one) for one in true], [box(one.outline) for one in found])).pairs
        paired, n_true, n_found = paired + len(pairs), n_true + len(true), n_found + len(found)
    return 2 * paired / (n_true + n_found)


@pytest.mark.parametrize(("mode", "least"), [("ours", 0.96), ("stardist", 0.96), ("flows", 0.94)])
def test_true_maps_of_touching_particles_give_them_back(mode, least):
    assert f1_of(mode, "T3", range(2)) > least


def test_the_papers_one_channel_cannot_part_what_touches_even_when_it_is_perfect():
    assert f1_of("paper", "T3", range(2)) < 0.5
    assert f1_of("paper", "T2", range(2)) > 0.75


def bent_tube(width, radius, centre):
    angle = np.linspace(0.2, np.pi - 0.2, 60)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([centre + (radius + width / 2) * arc, (centre + (radius - width / 2) * arc)[::-1]])


@pytest.mark.parametrize(
    ("mode", "finds"), [("ours", True), ("paper", True), ("flows", True), ("stardist", False)]
)
def test_rays_fail_on_a_bent_tube(mode, finds):
    tube = bent_tube(8, 60, np.array([80.0, 20.0]))
    found = DECODERS[mode](perfect_logits(mode, [tube], [1], (110, 160)))
    iou = box_iou([box(tube)], [box(one.outline) for one in found])
    assert bool(iou.max() > 0.8) is finds
    assert finds or iou.max() < 0.5


def test_rays_of_a_disc_end_on_its_edge():
    labels, _ = targets.label_map([ellipse_outline((50.5, 40.5), 41)], (80, 100))
    rays = peer_targets.ray_lengths(labels)
    assert rays.shape == (N_RAYS, 80, 100)
    np.testing.assert_allclose(rays[:, 40, 50], 20.5, atol=1)
    assert rays[0, 40, 60] == pytest.approx(10.5, abs=0.6)  # along x
    assert rays[N_RAYS // 4, 50, 50] == pytest.approx(10.5, abs=0.6)  # along y, downwards
    assert rays[N_RAYS // 2, 40, 60] == pytest.approx(30.5, abs=0.6)
    assert not rays[:, labels == 0].any()


def test_rays_stop_at_a_neighbour_and_at_the_frame():
    labels = np.zeros((20, 40), int)
    labels[5:15, 10:20], labels[5:15, 20:40] = 1, 2
    rays = peer_targets.ray_lengths(labels)
    assert rays[0, 10, 12] == pytest.approx(7.5)
    assert rays[0, 10, 30] == pytest.approx(9.5)
    assert rays[N_RAYS // 2, 10, 30] == pytest.approx(10.5)


def test_flows_have_unit_length_and_lead_to_the_middle_without_leaving_the_particle():
    outlines = [ellipse_outline((30, 30), 40), ellipse_outline((62, 30), 24)]
    labels, _ = targets.label_map(outlines, (60, 90))
    x, y = peer_targets.flows(labels)
    length = np.hypot(x, y)[labels > 0]
    assert np.count_nonzero(length < 0.99) <= 2  # at the middles themselves
    assert x[30, 15] == pytest.approx(1, abs=0.05)
    assert x[30, 48] == pytest.approx(-1, abs=0.05)
    assert x[30, 52] == pytest.approx(1, abs=0.05)
    assert y[15, 30] == pytest.approx(1, abs=0.05)
    assert not x[labels == 0].any()


def test_no_particles_give_no_targets_and_no_finds():
    labels = np.zeros((40, 50), int)
    assert not peer_targets.ray_lengths(labels).any()
    assert not peer_targets.flows(labels).any()
    for mode, decode in DECODERS.items():
        assert decode(perfect_logits(mode, [], [], (40, 50))) == []


@pytest.mark.parametrize("mode", ["stardist", "flows"])
def test_a_turned_crop_has_the_directions_of_its_turned_labels(ready, mode, monkeypatch):
    (_, paths), *_ = ready
    example = load(paths[1])
    kept = {}
    whole = targets.label_map

    def remembered(*given):
        kept["labels"] = whole(*given)
        return kept["labels"]

    monkeypatch.setattr(targets, "label_map", remembered)
    monkeypatch.setattr(augment, "symmetry", lambda rng: lambda array: np.rot90(array, 1, axes=(-2, -1)))
    _, maps, _ = crop_of(np.random.default_rng(3), example, 64, mode)
    assert maps.shape == (len(CHANNELS_OF[mode]), 64, 64)
    turned = np.rot90(kept["labels"][0])
    assert (turned > 0).any()
    expected = peer_targets.ray_lengths(turned) if mode == "stardist" else peer_targets.flows(turned)
    np.testing.assert_allclose(maps[1:], expected, atol=1e-6)


@pytest.mark.parametrize("mode", ["stardist", "flows"])
def test_a_perfect_answer_costs_less_than_one_that_is_nearly_right(mode):
    outlines = [ellipse_outline((30, 30), 30)]
    logits = perfect_logits(mode, outlines, [0], (64, 64)).astype(np.float32)
    maps, weight = targets.build(outlines, [0], [False], (64, 64))
    labels, _ = targets.label_map(outlines, (64, 64))
    goal = (
        peer_targets.stardist_maps(labels, maps[DISTANCE])
        if mode == "stardist"
        else peer_targets.flow_maps(labels)
    )
    batch = [torch.from_numpy(one.astype(np.float32))[None] for one in (logits, goal, weight[None])]
    right, terms = LOSSES[mode](*batch)
    wrong = LOSSES[mode](batch[0] * torch.tensor([1.0, *[0.7] * (len(goal) - 1)])[None, :, None, None],
                         *batch[1:])[0]  # fmt: skip
    assert right < wrong
    assert all(torch.isfinite(term) for term in terms.values())
    nothing_known = LOSSES[mode](batch[0], batch[1], torch.zeros_like(batch[2]))[0]
    assert nothing_known == 0


@pytest.mark.parametrize("mode", ["stardist", "flows"])
def test_a_peers_loss_falls(ready, tmp_path, mode):
    losses = []
    train_detector(
        config(mode=mode, steps=30, lr=2e-3), ready, tmp_path, workers=0,
        on_step=lambda step, loss, terms: losses.append(float(loss)),
    )  # fmt: skip
    assert np.mean(losses[-6:]) < 0.85 * np.mean(losses[:4])


def test_a_training_starts_from_the_averaged_weights_of_another(ready, tmp_path):
    first = train_detector(config(), ready, folder(tmp_path / "a"), workers=0)
    start = str(tmp_path / "a" / "checkpoint.pt")
    begun = config(start_from=start, steps=1, lr=1e-9, ema=0.5)
    again = train_detector(begun, ready, folder(tmp_path / "b"), workers=0)
    for name, value in build_detector(0.25).named_parameters():
        np.testing.assert_allclose(again[name], first[name], atol=1e-6, err_msg=name)
        assert value.shape == first[name].shape
    assert checkpoint.load(tmp_path / "b" / "checkpoint.pt")["config"]["start_from"] == start


def test_fine_tuning_goes_on_after_a_stop_without_what_it_started_from(ready, tmp_path):
    train_detector(config(), ready, folder(tmp_path / "a"), workers=0)
    start = tmp_path / "a" / "checkpoint.pt"
    fine = config(start_from=str(start), steps=2)
    train_detector(fine, ready, folder(tmp_path / "b"), workers=0)
    start.unlink()
    train_detector(fine, ready, folder(tmp_path / "b"), workers=0)
    with pytest.raises(ValueError, match="does not exist"):
        train_detector(fine, ready, folder(tmp_path / "c"), workers=0)


def test_weights_that_do_not_fit_are_refused_in_a_sentence(ready, tmp_path):
    train_detector(config(mode="paper", steps=1), ready, folder(tmp_path / "a"), workers=0)
    start = str(tmp_path / "a" / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"does not fit: it is of mode “paper” and width 0\.25"):
        train_detector(config(start_from=start), ready, folder(tmp_path / "b"), workers=0)
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(ValueError, match=r"text\.pt”, which is no checkpoint"):
        train_detector(config(start_from=str(tmp_path / "text.pt")), ready, folder(tmp_path / "b"), workers=0)


def test_a_checkpoint_from_before_a_setting_was_there_goes_on(ready, tmp_path):
    train_detector(config(steps=1), ready, tmp_path, workers=0)
    path = tmp_path / "checkpoint.pt"
    state = checkpoint.load(path)
    del state["config"]["start_from"]
    checkpoint.save(path, state)
    train_detector(config(steps=1), ready, tmp_path, workers=0)
    with pytest.raises(ValueError, match="another configuration"):
        train_detector(config(steps=1, start_from="elsewhere.pt"), ready, tmp_path, workers=0)


@pytest.mark.parametrize("mode", CHANNELS_OF)
def test_all_modes_are_trained_on_the_same_scenes_for_the_same_steps(mode):
    def content(name):
        return read_config(CONFIGS / f"{name}.json", DetectorConfig).as_dict()

    assert content(mode) == {**content("ours"), "mode": mode}
    start = f"runs/{mode}/checkpoint.pt"
    assert content(f"folds-{mode}") == {**content("folds-ours"), "mode": mode, "start_from": start}
