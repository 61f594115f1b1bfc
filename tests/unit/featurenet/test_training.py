"""FeatureNet learns, goes on where it stopped, and is refused what makes no sense."""

import json

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image

from annotations.raster import inside
from mlcore.data import examples, feature_shards
from mlcore.data.feature_batches import Batches
from mlcore.data.feature_crops import CHANNELS
from mlcore.losses.featurenet import beta_nll, featurenet_loss, paper_loss
from mlcore.nets.detector import build_detector, n_parameters
from mlcore.nets.featurenet import OUTPUTS, build_featurenet
from mlcore.training import checkpoint
from mlcore.training.featurenet import train_featurenet
from mlcore.training.featurenet_config import FeatureNetConfig
from mlcore.training.featurenet_shards import Detector, prepare
from tests.unit.featurenet import phantom

SOURCES = ({"simulate": {"tier": "T1", "seed": 1, "count": 3, "size": 96}},)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A checkpoint as a detector's training leaves it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("detector") / "checkpoint.pt"
    state = {"config": {"mode": "ours", "width": 0.25}, "average": build_detector(0.25).state_dict()}
    checkpoint.save(path, state)
    return path


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    paths = [folder / f"{k}.npz" for k in range(24)]
    for k, path in enumerate(paths):
        feature_shards.save(phantom.shard(k), path)
    return {"train": paths[:16], "calibration": paths[16:20], "test": paths[20:]}


def config(weights, **over):
    return FeatureNetConfig(
        sources=SOURCES, detector=str(weights), **{"batch_size": 8, "steps": 6, "lr": 3e-3, **over}
    )


def test_the_network_is_as_small_as_it_is_said_to_be():
    from torch.utils.flop_counter import FlopCounterMode

    net = build_featurenet().eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        assert net(torch.zeros(2, len(CHANNELS), 64, 64)).shape == (2, OUTPUTS["ours"])
    assert n_parameters(net) < 0.7e6
    assert counter.get_total_flops() / 2 < 26e6
    assert build_featurenet("paper")(torch.zeros(2, len(CHANNELS), 64, 64)).shape == (2, 3)
    with pytest.raises(ValueError, match="“ours” or “paper”, got “theirs”"):
        build_featurenet("theirs")


def test_the_gradient_reaches_every_parameter():
    torch.manual_seed(0)
    net = build_featurenet()
    goal = {
        "residual": torch.randn(4, 3), "is_truncated": torch.tensor([0.0, 1, 0, 1]),
        "kinds": torch.tensor([0, 1, 2, 0]),
    }  # fmt: skip
    loss, terms = featurenet_loss(net(torch.randn(4, len(CHANNELS), 64, 64)), goal)
    loss.backward()
    assert all(one.grad.abs().sum() > 0 for one in net.parameters())
    assert set(terms) == {"log_ecd", "log_aspect_ratio", "roundness", "truncated", "kind"}


def test_the_likelihood_is_least_at_the_truth_and_at_its_own_error():
    zero, one = torch.zeros(1), torch.ones(1)
    assert beta_nll(zero, zero, zero) < beta_nll(one, zero, zero)
    # With an error of 2 the best log variance is log 4; beta alters how steep that is, not where.
    levels = torch.linspace(-2, 4, 601)
    plain = beta_nll(zero, levels, 2 * one, beta=0)
    assert levels[plain.argmin()].item() == pytest.approx(np.log(4), abs=0.02)
    # Least squares at beta 1: an unsure particle pulls the mean as hard as a sure one.
    mean = torch.zeros(2, requires_grad=True)
    beta_nll(mean, torch.tensor([0.0, 4.0]), torch.ones(2), beta=1).sum().backward()
    assert mean.grad[0].item() == pytest.approx(mean.grad[1].item())


def test_what_is_not_known_has_no_part_in_the_loss():
    out = torch.zeros(2, 10, requires_grad=True)
    goal = {
        "residual": torch.tensor([[1.0, 1, 1], [float("nan")] * 3]), "is_truncated": torch.tensor([0.0, 1]),
        "kinds": torch.zeros(2, dtype=torch.long),
    }  # fmt: skip
    loss, _ = featurenet_loss(out, goal)
    loss.backward()
    assert torch.isfinite(loss)
    assert out.grad[1, :6].abs().sum() == 0
    assert out.grad[0, :6].abs().sum() > 0


def test_the_papers_loss_is_the_sum_of_three_mean_squares():
    goal = torch.tensor([[0.5, 1.0, 1.0], [float("nan")] * 3])
    loss, terms = paper_loss(torch.tensor([[1.0, 3.0, 0.5], [9.0, 9.0, 9.0]]), goal)
    assert loss.item() == pytest.approx(0.25 + 4 + 0.25)
    assert terms["aspect_ratio"].item() == 4


@pytest.mark.slow
def test_it_learns_what_the_outlines_get_wrong(shards, weights, tmp_path):
    seen = []
    some = config(weights, steps=70, batch_size=16, lr=4e-3, ema=0.9)
    done = train_featurenet(some, shards, tmp_path, on_step=lambda *about: seen.append(float(about[1])))
    assert np.mean(seen[-15:]) < 0.8 * np.mean(seen[:15])
    figures = done["metrics"]
    # Outlines are wrong by a factor of exp(-0.1) to exp(0.1), 5 % in the median, which their pictures tell.
    assert figures["outline"]["diameter_relative_error_median"] > 0.035
    assert (
        figures["fused"]["diameter_relative_error_median"]
        < 0.75 * figures["outline"]["diameter_relative_error_median"]
    )
    assert figures["intervals"]["diameter_coverage"]["value"] > 0.6
    kept = checkpoint.load(tmp_path / "checkpoint.pt")
    assert kept["metrics"] == figures
    assert json.loads(json.dumps(kept["table"])) == kept["table"]
    assert kept["config"]["detector"] == str(weights)


@pytest.mark.parametrize("mode", ["ours", "paper"])
def test_a_stopped_training_goes_on_to_the_very_same_weights(shards, weights, tmp_path, mode):
    some = config(weights, mode=mode)
    parts = tmp_path / "parts"
    parts.mkdir()
    whole = train_featurenet(some, shards, tmp_path)

    def stop(step, loss, terms):
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_featurenet(some, shards, parts, on_step=stop, save_every_s=-1)
    steps = []
    again = train_featurenet(some, shards, parts, on_step=lambda step, *_: steps.append(step))
    assert steps == [4, 5, 6]
    for name, value in whole["average"].items():
        assert torch.equal(value, again["average"][name]), name
    assert whole["losses"] == again["losses"]
    assert train_featurenet(some, shards, parts, on_step=None)["step"] == 6
    with pytest.raises(ValueError, match="is of another configuration"):
        train_featurenet(config(weights, mode=mode, seed=1), shards, parts)


def test_paper_and_ours_are_compared_on_the_same_particles(shards, weights, tmp_path):
    (tmp_path / "paper").mkdir()
    train_featurenet(config(weights, mode="paper"), shards, tmp_path / "paper")
    some = config(weights, paper=str(tmp_path / "paper" / "checkpoint.pt"))
    figures = train_featurenet(some, shards, tmp_path)["metrics"]
    assert {"outline", "network", "fused", "paper"} <= set(figures)
    assert figures["n"] == {"particles": 36, "scenes": 4}


def test_a_batch_depends_on_its_number_alone(shards):
    first, again = (Batches(shards["train"], batch_size=8, seed=3) for _ in range(2))
    again[1]
    for name, value in first[5].items():
        np.testing.assert_array_equal(value, again[5][name])
    assert not np.array_equal(first[5]["crops"], first[6]["crops"])


def test_a_split_keeps_a_scene_on_one_side():
    groups = [f"scene-{k}" for k in range(100)]
    split = feature_shards.parts(groups, 0)
    counts = {part: list(split.values()).count(part) for part in ("train", "calibration", "test")}
    assert counts == {"train": 70, "calibration": 15, "test": 15}
    assert split == feature_shards.parts(groups[::-1] + groups, 0)
    assert split != feature_shards.parts(groups, 1)
    assert set(feature_shards.parts(groups[:3], 0).values()) == set(counts)
    with pytest.raises(ValueError, match="at least 3 scenes"):
        feature_shards.parts(groups[:2], 0)


def test_a_shard_holds_true_sizes_at_its_own_sampling_and_comes_back_as_saved(tmp_path):
    one = phantom.example(0)
    shard = feature_shards.make(one, phantom.Thresholder(), np.random.default_rng(1), is_plain=True)
    assert len(shard.outlines) >= 8
    assert shard.is_sized.all()
    # The threshold makes all of them larger by the same rim, about a pixel wide.
    assert np.ptp(shard.found[:, 0] - shard.true[:, 0]) < 0.5
    assert 0 < (shard.found[:, 0] - shard.true[:, 0]).mean() < 2.5
    np.testing.assert_allclose(np.median(shard.true[:, 0]), 24, rtol=0.25)
    feature_shards.save(shard, tmp_path / "one.npz")
    again = feature_shards.load(tmp_path / "one.npz")
    np.testing.assert_allclose(again.maps["foreground"], shard.maps["foreground"], atol=1 / 255)
    np.testing.assert_array_equal(again.true, shard.true)
    np.testing.assert_allclose(np.concatenate(again.outlines), np.concatenate(shard.outlines), atol=1e-3)


def test_what_the_frame_cuts_is_marked_and_not_sized():
    one = phantom.example(0)
    cut = examples.Example(
        one.name, one.image[20:, 26:], [outline - (26, 20) for outline in one.outlines], one.kinds,
        one.is_ignored, one.group,
    )  # fmt: skip
    cut = examples.Example(**{**vars(cut), "outlines": [np.clip(o, 0, None) for o in cut.outlines]})
    shard = feature_shards.make(cut, phantom.Thresholder(), np.random.default_rng(1), is_plain=True)
    assert shard.is_truncated.any()
    assert not shard.is_sized[shard.is_truncated].any()
    assert shard.is_sized.any()


def test_boxes_alone_teach_no_size():
    one = examples.Example(**{**vars(phantom.example(0)), "is_box_only": True})
    shard = feature_shards.make(one, phantom.Thresholder(), np.random.default_rng(1), is_plain=True)
    assert len(shard.outlines) >= 8
    assert not shard.is_sized.any()


def test_examples_keep_the_whole_particles_size(tmp_path):
    from mlcore.simulation.scene import simulate
    from mlcore.simulation.tiers import tier

    scene = simulate(1, 1, tier("T3"), (128, 128))
    made = examples.of_scene(scene, "scene")
    examples.save(made, tmp_path / "one.npz")
    again = examples.load(tmp_path / "one.npz")
    np.testing.assert_array_equal(again.sizes[:, 0], [one.ecd_px for one in scene.particles])
    np.testing.assert_array_equal(again.is_truncated, [one.is_truncated for one in scene.particles])
    older = examples.Example(**{**vars(made), "sizes": None, "is_truncated": None})
    examples.save(older, tmp_path / "older.npz")
    assert examples.load(tmp_path / "older.npz").sizes is None


def test_shards_are_made_once_and_belong_to_one_detector(weights, tmp_path):
    paths = []
    for k in range(4):
        paths.append(tmp_path / f"frame-{k}.npz")
        examples.save(phantom.example(k), paths[-1])
    made = prepare(config(weights), paths, tmp_path / "shards")
    assert {part: len(some) for part, some in made.items()} == {"train": 4, "calibration": 1, "test": 1}
    before = {path: path.stat().st_mtime_ns for some in made.values() for path in some}
    assert prepare(config(weights), paths, tmp_path / "shards") == made
    assert {path: path.stat().st_mtime_ns for path in before} == before
    torch.manual_seed(1)
    other = tmp_path / "other.pt"
    checkpoint.save(other, {**checkpoint.load(weights), "average": build_detector(0.25).state_dict()})
    with pytest.raises(ValueError, match="of another detector or seed"):
        prepare(config(other), paths, tmp_path / "shards")


def test_scenes_that_the_detector_learnt_from_are_only_trained_on(weights, tmp_path):
    paths = [tmp_path / f"{'known' if k < 3 else 'new'}-{k}.npz" for k in range(6)]
    for k, path in enumerate(paths):
        examples.save(phantom.example(k), path)
    made = prepare(config(weights, seen=("known",), passes=1), paths, tmp_path / "shards")
    assert {part: len(some) for part, some in made.items()} == {"train": 4, "calibration": 1, "test": 1}
    assert all("new" in path.name for part in ("calibration", "test") for path in made[part])


def test_a_detector_answers_on_frames_of_any_size(weights):
    maps = Detector(weights)(np.zeros((37, 65), np.float32))
    assert {one.shape for one in maps.values()} == {(37, 65)}
    assert 0 < maps["foreground"].min() <= maps["foreground"].max() < 1


def masks(folder, n=7):
    """Images and label masks as users have them."""
    (folder / "masks").mkdir()
    (folder / "images").mkdir()
    for k in range(n):
        one = phantom.example(k)
        labels = np.zeros(one.image.shape, np.uint8)
        for number, outline in enumerate(one.outlines, start=1):
            labels[inside(outline, labels.shape)] = number
        Image.fromarray(labels).save(folder / "masks" / f"f{k}.png")
        Image.fromarray(np.clip(one.image / 8, 0, 255).astype(np.uint8)).save(folder / "images" / f"f{k}.png")


def test_the_command_trains_and_says_how_good_each_way_is(weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mlcore.training.featurenet_shards.Detector", phantom.Thresholder)
    masks(tmp_path)
    source = {"masks": str(tmp_path / "masks"), "images": str(tmp_path / "images")}
    content = {"sources": [source], "detector": str(weights), "steps": 3, "batch_size": 4}
    (tmp_path / "config.json").write_text(json.dumps(content))
    call_command("train", "featurenet", config=tmp_path / "config.json", out=tmp_path / "out")
    said = capsys.readouterr().out
    for word in ("outline", "network", "fused", "diameter_coverage", "Trained for 3 steps"):
        assert word in said
    state = checkpoint.load(tmp_path / "out" / "checkpoint.pt")
    assert len(state["about"]["commit"]) == 40
    assert state["metrics"]["n"]["scenes"] == 1


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"mode": "theirs"}, "mode must be “ours” or “paper”"),
        ({"detector": "/nowhere/checkpoint.pt"}, "“/nowhere/checkpoint.pt” does not exist"),
        ({"batch_size": 1}, "batch_size must be at least 2"),
        ({"steps": 0}, "steps must be above 0, got 0"),
        ({"sources": []}, "at least one source"),
        ({"boxes": 3}, "unknown names: boxes"),
        ({"seen": "training"}, "seen must be a list"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(weights, tmp_path, over, sentence):
    content = {"sources": list(SOURCES), "detector": str(weights), **over}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(CommandError, match=sentence):
        call_command("train", "featurenet", config=tmp_path / "config.json", out=tmp_path / "out")


def test_a_checkpoint_from_before_a_name_was_there_is_of_the_same_configuration(weights):
    some = config(weights)
    older = {name: value for name, value in some.as_dict().items() if name != "seen"}
    assert some.equals(older)
    assert not some.equals({**older, "seed": 1})
    assert not config(weights, seen=("known",)).equals(older)


def test_weights_of_something_else_are_no_detector(tmp_path):
    checkpoint.save(tmp_path / "checkpoint.pt", {"config": {"mode": "paper"}, "average": {}})
    with pytest.raises(ValueError, match="no checkpoint of a detector"):
        Detector(tmp_path / "checkpoint.pt")


def test_a_detector_that_finds_nothing_is_said_to(shards, tmp_path):
    nothing = phantom.shard(0)
    empty = feature_shards.Shard(
        nothing.frame, nothing.maps, [], np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, bool),
        np.zeros(0, np.int8), "empty",
    )  # fmt: skip
    feature_shards.save(empty, tmp_path / "empty.npz")
    assert feature_shards.load(tmp_path / "empty.npz").outlines == []
    with pytest.raises(ValueError, match="found no true particle"):
        Batches([tmp_path / "empty.npz"], batch_size=4, seed=0)
