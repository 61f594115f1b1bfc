"""What is judged of a find, who stays of two that saw the same place, and how judges are fitted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mlcore.evaluation.frames import make_frame
from mlcore.evaluation.matching import box_iou
from mlcore.evaluation.sets import TestFrame
from mlcore.inference import evidence
from mlcore.inference.classical import ClassicalEngine
from mlcore.inference.evidence import Finds, chosen, features, sampled
from mlcore.inference.judge import confidence, products
from mlcore.inference.merging import overlaps
from mlcore.inference.network import NetworkEngine
from mlcore.inference.weights import DETECTOR, amend, read_model, write_model
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint, judging
from mlcore.training.config import DetectorConfig
from mlcore.training.judging import Judged, fit, trust
from mlcore.training.release import release
from tests import phantoms

SOURCES = ({"simulate": {"tier": "T1", "seed": 1, "count": 1}},)


def finds(boxes, is_classical, sure, maps=None):
    n = len(boxes)
    shape = n, len(evidence.RINGS), len(evidence.MAPS) + 1
    maps = np.full(shape, 0.5) if maps is None else maps
    return Finds(
        np.array(boxes, float).reshape(-1, 4), np.array(is_classical, bool), np.array(sure, float), maps,
        np.full(n, 24.0),
    )  # fmt: skip


def some_finds(rng, n=400):
    """The network is right the more often the surer it is; how sure the other finder is means nothing."""
    sure = rng.uniform(0.02, 0.98, n)
    boxes = np.column_stack([np.arange(n) * 50, np.zeros(n), rng.uniform(10, 30, (n, 2))])
    is_classical = np.arange(n) % 2 == 0
    chance = np.where(is_classical, 0.5, sure)
    return finds(boxes, is_classical, sure), (rng.random(n) < chance).astype(int)


def test_overlaps_are_those_of_all_boxes():
    rng = np.random.default_rng(0)
    one, other = (
        np.concatenate([rng.uniform(0, 90, (n, 2)), rng.uniform(5, 40, (n, 2))], 1) for n in (30, 20)
    )
    i, j, shared = overlaps(one, other)
    iou = np.zeros((30, 20))
    iou[i, j] = shared / (one[i, 2:].prod(1) + other[j, 2:].prod(1) - shared)
    np.testing.assert_allclose(iou, box_iou(one, other), atol=1e-12)
    assert [len(part) for part in overlaps(one[:0], other)] == [0, 0, 0]
    assert [len(part) for part in overlaps(one, other[:0])] == [0, 0, 0]


def test_rings_sample_inside_on_and_around_an_outline():
    y, x = np.mgrid[:64, :64]
    radius = np.hypot(x + 0.5 - 32, y + 0.5 - 32)
    maps = {name: np.where(radius < 10, 8.0, -8.0) for name in evidence.MAPS}
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = 32 + 9 * np.column_stack([np.cos(angle), np.sin(angle)])
    rings = sampled(-radius, maps, [circle])[0]
    assert (rings[:4, 0] > 0.95).all()
    assert (rings[4:, 0] < 0.05).all()
    np.testing.assert_allclose(rings[:, evidence.GREY], -9 * np.array(evidence.RINGS), atol=0.8)


@pytest.mark.parametrize(
    ("other", "stay"),
    [
        ((2, 2, 20, 20), [0]),  # the same place: the likelier one
        ((60, 0, 20, 20), [0, 1]),  # another place
        ((5, 5, 6, 6), [0]),  # a piece of it
        ((5, 5, 2, 2), [0, 1]),  # a small one on a large one
    ],
)
def test_of_two_finders_that_saw_one_place_the_likelier_find_stays(other, stay):
    both = finds([(0, 0, 20, 20), other], [False, True], [0.5, 0.5])
    assert chosen(both, np.array([0.9, 0.8])).tolist() == stay
    same_finder = finds([(0, 0, 20, 20), other], [True, True], [0.5, 0.5])
    assert chosen(same_finder, np.array([0.9, 0.8])).tolist() == [0, 1]


def test_what_lost_its_place_takes_no_other_with_it():
    three = finds([(0, 0, 20, 20), (8, 0, 20, 20), (16, 0, 20, 20)], [False, True, False], [0.5] * 3)
    assert chosen(three, np.array([0.9, 0.8, 0.7])).tolist() == [0, 2]


def test_a_judge_learns_whom_to_trust():
    rng = np.random.default_rng(1)
    seen = [Judged("a", "x", *some_finds(rng)) for _ in range(6)]
    judge = fit(seen)
    fresh, _ = some_finds(rng, 2000)
    told = confidence(fresh, judge)
    learnt = ~fresh.is_classical
    assert np.corrcoef(told[learnt], fresh.sure[learnt])[0, 1] > 0.95
    assert np.abs(told[learnt] - fresh.sure[learnt]).mean() < 0.08  # it is calibrated as well
    assert np.abs(told[~learnt] - 0.5).mean() < 0.08
    assert confidence(finds([], [], [], np.zeros((0, 6, 7))), judge).shape == (0,)


def test_contrast_is_told_in_units_of_the_sure_finds_whatever_their_sign():
    maps = np.full((4, len(evidence.RINGS), len(evidence.MAPS) + 1), 0.5)
    maps[:, :3, evidence.GREY] = np.array([-2, -2, -1, 2])[:, None]
    maps[:, 3:, evidence.GREY] = 0
    boxes = [(k * 50, 0, 20, 20) for k in range(4)]
    values = features(finds(boxes, [False] * 4, [0.9, 0.8, 0.3, 0.3], maps))
    np.testing.assert_allclose(values[:, -2], [1, 1, 0.5, -1])
    np.testing.assert_allclose(
        features(finds(boxes, [False] * 4, [0.9, 0.8, 0.3, 0.3], -maps))[:, -2:], values[:, -2:]
    )


def test_each_group_has_the_same_weight():
    rng = np.random.default_rng(2)
    one, answer = some_finds(rng, 200)
    right, wrong = Judged("a", "x", one, np.ones_like(answer)), Judged("b", "x", one, np.zeros_like(answer))
    even, many = fit([right, wrong]), fit([right] * 9 + [wrong])
    np.testing.assert_allclose(confidence(one, even), 0.5, atol=0.02)
    np.testing.assert_allclose(confidence(one, many), 0.5, atol=0.02)


def test_there_must_be_right_and_wrong_finds_to_learn_from():
    one, answer = some_finds(np.random.default_rng(3), 20)
    for answers in (np.ones_like(answer), np.full_like(answer, -1)):
        with pytest.raises(ValueError, match="nothing to learn"):
            fit([Judged("a", "x", one, answers)])
    with pytest.raises(ValueError, match="nothing to learn"):
        fit([])


def test_a_networks_own_confidence_is_made_a_probability():
    rng = np.random.default_rng(4)
    some, answer = some_finds(rng, 4000)
    squeezed = replace(some, sure=1 / (1 + np.exp(-0.3 * np.log(some.sure / (1 - some.sure)) - 1)))
    fitted = trust([Judged("a", "x", squeezed, answer)])
    assert fitted["slope"] == pytest.approx(1 / 0.3, rel=0.15)
    assert fitted["offset"] == pytest.approx(-1 / 0.3, rel=0.15)


def test_products_are_within_bounds():
    assert products(np.array([[100.0, -100.0]])).tolist() == [[3, -3, 9, -9, 9]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Checkpoints of networks that learnt nothing."""
    torch.manual_seed(0)
    paths = []
    for name in ("all", "Ru", "Cu"):
        path = tmp_path_factory.mktemp(name)
        net = build_detector(0.25)
        config = DetectorConfig(sources=SOURCES, width=0.25).as_dict()
        checkpoint.save(
            path / "checkpoint.pt", {"config": config, "about": {}, "step": 1, "average": net.state_dict()}
        )
        paths.append(path)
    return paths


@pytest.fixture(scope="module")
def frames():
    """Discs that the classical engine finds and the networks do not."""
    out = []
    for k, fold in enumerate(["Ru", "Cu", None, None]):
        discs = phantoms.grid_discs(256, 30, 26)
        image = phantoms.micrograph(256, discs, noise=0.2, seed=k)
        boxes = [(x - d / 2, y - d / 2, d, d) for x, y, d in discs]
        labelled = SimpleNamespace(name=f"frame{k}", image=lambda image=image: image)
        out.append(
            ("T1" if fold is None else "real", TestFrame(labelled, make_frame(f"frame{k}", boxes), fold))
        )
    return out


def test_a_release_gives_every_fold_a_judge_of_what_the_others_saw(runs, frames, tmp_path):
    folds = {}
    for name, run in zip(("Ru", "Cu"), runs[1:], strict=True):
        folds[name] = tmp_path / name
        release(folds[name], version=name, detector=run)
    before = {name: read_model(path).sha256 for name, path in folds.items()}
    model = release(tmp_path / "all", version="1", detector=runs[0], frames=frames, folds=folds)
    judges = [model.about["judge"], *(read_model(path).about["judge"] for path in folds.values())]
    assert len({tuple(one["weights"]) for one in judges}) == 3
    assert all(read_model(path).sha256 != before[name] for name, path in folds.items())
    engine = NetworkEngine(tmp_path / "all")
    image = frames[2][1].labelled.image()
    found = [one for one in engine.find(image) if one.confidence > 0.25]
    plain = [one for one in ClassicalEngine().find(image) if one.confidence > 0.25]
    # The judge learnt that these networks know nothing.
    assert box_iou([one.box for one in plain], [one.box for one in found]).max(1).min() > 0.95
    assert len(found) == len(plain)


def test_what_the_judge_hardly_believes_is_not_told(runs, frames, tmp_path):
    state = checkpoint.load(runs[0] / "checkpoint.pt")
    about = {"version": "1", "detector": {"mode": "ours", "width": 0.25}}
    write_model(tmp_path, about, {DETECTOR: state["average"]})
    _, frame = frames[2]
    one = judging.judged(NetworkEngine(tmp_path), frame, group="T1", fold=None)
    n = features(one.finds).shape[1]
    judge = {"mean": [0.0] * n, "scale": [1.0] * n, "weights": [0.0] * (n + n * (n + 1) // 2), "offset": -5.0}
    amend(tmp_path, judge=judge)
    assert NetworkEngine(tmp_path).find(frame.labelled.image()) == []
