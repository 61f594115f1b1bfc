"""Weights are those that their description says, or refused."""

import json

import pytest
import torch

from mlcore.inference.weights import ABOUT, DETECTOR, load_into, read_model, write_model
from mlcore.nets.detector import build_detector


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return build_detector(0.25)


@pytest.fixture
def model(tmp_path, net):
    about = {"version": "9", "detector": {"mode": "ours", "width": 0.25}}
    return write_model(tmp_path / "weights", about, {DETECTOR: net.state_dict()})


def test_weights_come_back_to_half_precision(model, net):
    again = load_into(build_detector(0.25), read_model(model.folder).path(DETECTOR))
    for name, value in net.state_dict().items():
        assert torch.allclose(again.state_dict()[name].float(), value.float(), rtol=1e-3, atol=1e-6), name
    assert model.version.startswith("9 ")
    assert len(model.sha256) == 64


def test_a_changed_byte_is_refused(model):
    path = model.folder / DETECTOR
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"are not those that model\.json describes"):
        read_model(model.folder)


def test_a_lost_file_is_refused(model):
    (model.folder / DETECTOR).unlink()
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_model(model.folder)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_model(model.folder / "elsewhere")


@pytest.mark.parametrize("text", ["no json", "[]", '{"files": {}}'])
def test_a_description_that_is_none_is_refused(model, text):
    (model.folder / ABOUT).write_text(text)
    with pytest.raises(ValueError, match="is no description of weights"):
        read_model(model.folder)


def test_weights_of_another_network_than_described_are_refused(model):
    about = json.loads((model.folder / ABOUT).read_text())
    about["detector"]["width"] = 0.5
    (model.folder / ABOUT).write_text(json.dumps(about))
    with pytest.raises(ValueError, match=r"do not fit the network that model\.json describes"):
        load_into(build_detector(0.5), read_model(model.folder).path(DETECTOR))


def test_another_threshold_is_another_version(model):
    about = json.loads((model.folder / ABOUT).read_text())
    about["confidence"] = {"slope": 1.2, "offset": 0.1}
    (model.folder / ABOUT).write_text(json.dumps(about))
    assert read_model(model.folder).version != model.version


def test_numbers_that_half_precision_cannot_hold_are_refused(tmp_path):
    with pytest.raises(ValueError, match="too large for 16 bits"):
        write_model(tmp_path, {"version": "1", "detector": {"mode": "ours", "width": 1}},
                    {DETECTOR: {"a": torch.tensor([1e9])}})  # fmt: skip
