"""Training: losses that fall, a training that goes on, configurations that are refused."""

import json

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from mlcore.data import sources
from mlcore.losses.detector import centre_focal, detector_loss
from mlcore.losses.overlap import dice_bce, soft_dice_loss
from mlcore.nets.channels import CHANNELS
from mlcore.nets.detector import build_detector, n_parameters
from mlcore.training import checkpoint
from mlcore.training.config import DetectorConfig
from mlcore.training.course import learning_rate
from mlcore.training.detector import train_detector

SCENES = {"simulate": {"tier": "T1", "seed": 1, "count": 3, "size": 96}}


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return [(1.0, sources.prepare(SCENES, tmp_path_factory.mktemp("scenes"), processes=1))]


def config(**over):
    return DetectorConfig(
        sources=[SCENES], **{"width": 0.25, "crop_px": 64, "batch_size": 2, "steps": 8, **over}
    )


def test_a_detector_has_the_channels_and_size_that_were_asked_for():
    net = build_detector(0.5).eval()
    with torch.no_grad():
        assert net(torch.zeros(1, 1, 64, 96)).shape == (1, len(CHANNELS), 64, 96)
    assert 5.5e6 < n_parameters(net) < 6.5e6
    assert 24e6 < n_parameters(build_detector(1.0, ("foreground",))) < 25e6
    with pytest.raises(ValueError, match=r"is 1, 0\.5 or 0\.25 wide, got 0\.7"):
        build_detector(0.7)


def test_dice_of_a_perfect_and_of_an_empty_mask():
    target = torch.zeros(1, 8, 8)
    target[:, 2:5, 2:5] = 1
    sure = 40 * (target - 0.5)
    assert soft_dice_loss(sure, target).item() == pytest.approx(0, abs=1e-4)
    assert soft_dice_loss(-sure, target).item() > 0.85
    nothing = torch.zeros(1, 8, 8)
    assert soft_dice_loss(nothing - 40, nothing).item() == pytest.approx(0, abs=1e-4)


def test_the_papers_loss_is_half_dice_and_half_cross_entropy():
    target = torch.tensor([[[1.0, 0.0]]])
    logits = torch.zeros(1, 1, 2)
    dice = 1 - (2 * 0.5 + 1) / (0.5 + 0.5 + 1 + 1)
    assert dice_bce(logits, target, torch.ones(1, 1, 2)).item() == pytest.approx(
        0.5 * dice + 0.5 * np.log(2), abs=1e-6
    )


def test_pixels_without_weight_do_not_count():
    target = torch.zeros(1, 4, 4)
    weight = torch.ones(1, 4, 4)
    weight[:, 0] = 0
    logits = torch.full((1, 4, 4), -20.0)
    wrong = logits.clone()
    wrong[:, 0] = 20
    assert dice_bce(wrong, target, weight).item() == pytest.approx(
        dice_bce(logits, target, weight).item(), abs=1e-6
    )


def test_the_focal_loss_prefers_the_peak_to_its_neighbour():
    heat = torch.zeros(1, 9, 9)
    heat[0, 4, 4] = 1
    at_peak, beside = torch.full((1, 9, 9), -5.0), torch.full((1, 9, 9), -5.0)
    at_peak[0, 4, 4] = beside[0, 4, 7] = 5
    everywhere = torch.ones(1, 9, 9)
    assert centre_focal(at_peak, heat, everywhere) < 0.1 * centre_focal(beside, heat, everywhere)


def test_the_loss_of_a_batch_has_a_gradient_for_every_channel(ready):
    from mlcore.data.crops import Crops

    crop, maps, weight = (
        torch.from_numpy(one)[None] for one in Crops(ready, crop_px=64, seed=0, length=1)[0]
    )
    logits = torch.zeros(1, len(CHANNELS), 64, 64, requires_grad=True)
    loss, terms = detector_loss(logits, maps, weight)
    loss.backward()
    assert set(terms) == set(CHANNELS)
    assert crop.shape == (1, 1, 64, 64)
    assert (logits.grad.abs().sum((0, 2, 3)) > 0).all()


@pytest.mark.parametrize("mode", ["ours", "paper"])
def test_the_loss_falls(ready, tmp_path, mode):
    losses = []
    train_detector(
        config(mode=mode, steps=40, lr=2e-3), ready, tmp_path, workers=0,
        on_step=lambda step, loss, terms: losses.append(float(loss)),
    )  # fmt: skip
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[:4])


def test_a_training_that_was_stopped_goes_on_to_the_very_same_weights(ready, tmp_path):
    class StoppedError(Exception):
        pass

    def stop_at(limit):
        def on_step(step, loss, terms):
            if step == limit:
                raise StoppedError

        return on_step

    whole = train_detector(config(), ready, _folder(tmp_path, "whole"), workers=0)
    parts = _folder(tmp_path, "parts")
    with pytest.raises(StoppedError):
        train_detector(config(), ready, parts, workers=0, on_step=stop_at(3), save_every_s=0)
    assert checkpoint.load(parts / "checkpoint.pt")["step"] == 3
    again = train_detector(config(), ready, parts, workers=0)
    for name, value in whole.items():
        torch.testing.assert_close(again[name], value, rtol=1e-4, atol=1e-5)


def _folder(path, name):
    (path / name).mkdir()
    return path / name


def test_a_checkpoint_tells_all_and_of_another_configuration_is_refused(ready, tmp_path):
    train_detector(config(), ready, tmp_path, about={"commit": "abc"}, workers=0)
    state = checkpoint.load(tmp_path / "checkpoint.pt")
    assert state["config"]["steps"] == 8
    assert state["config"]["seed"] == 0
    assert state["about"] == {"commit": "abc"}
    assert len(state["losses"]) == 8
    with pytest.raises(ValueError, match="is of another configuration"):
        train_detector(config(lr=1e-5), ready, tmp_path, workers=0)


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, {"step": 1})

    class Unwritable:
        def __reduce__(self):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(path, {"step": 2, "bad": Unwritable()})
    assert checkpoint.load(path) == {"step": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_the_learning_rate_rises_then_falls_to_nearly_nothing():
    rates = [learning_rate(step, config(steps=1000)) for step in range(1, 1001)]
    assert np.argmax(rates) == pytest.approx(30, abs=2)
    assert max(rates) == pytest.approx(config().lr, rel=0.01)
    assert rates[-1] < 2e-6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crop_px": 100}, "multiple of 32"),
        ({"mode": "best"}, "must be one of “ours”, “paper”"),
        ({"steps": 0}, "steps must be above 0"),
        ({"sources": []}, "at least one source"),
        ({"sources": [{}]}, "names one of"),
        ({"sources": [{"simulate": {"tier": "T9", "count": 1}}]}, "no tier “T9”"),
        ({"sources": [{"simulate": {"tier": "T1"}}]}, "count of scenes"),
        ({"sources": [{"coco": "nowhere.json"}]}, "does not exist"),
        ({"sources": [{**SCENES, "share": 0}]}, "share of a source must be above 0"),
        ({"speed": 3}, "unknown names: speed"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused_before_anything_is_made(tmp_path, change, words):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"sources": [SCENES], **change}))
    with pytest.raises(CommandError, match=words):
        call_command("train", "detector", config=str(path), out=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_the_command_trains_and_says_where_the_weights_are(tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({"sources": [SCENES], "width": 0.25, "crop_px": 64, "batch_size": 2, "steps": 2})
    )
    call_command("train", "detector", config=str(path), out=str(tmp_path / "out"), workers=0)
    assert "Trained for 2 steps" in capsys.readouterr().out
    assert checkpoint.load(tmp_path / "out" / "checkpoint.pt")["step"] == 2
