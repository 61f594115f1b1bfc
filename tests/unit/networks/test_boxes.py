"""Learning from boxes alone: what the losses ask for, and what becomes of a person's boxes."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from annotations.outline import outline_box, polygon_area
from mlcore.data import augment, sources
from mlcore.data.examples import load, save
from mlcore.losses.boxes import box_loss, cover, pairwise_loss, projection_loss, similarity
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint, teacher
from tests import phantoms

SIDE = 64


def boxes(*drawn):
    """(1, 4, 4) with empty ones behind."""
    out = torch.zeros(1, 4, 4)
    for k, one in enumerate(drawn):
        out[0, k] = torch.tensor(one)
    return out


def disc(x, y, radius):
    at = torch.arange(SIDE) + 0.5
    return ((at[None, None, :] - x) ** 2 + (at[None, :, None] - y) ** 2 < radius**2).float()


def sure(mask):
    return 20 * (2 * mask - 1)


NOTHING = torch.zeros(1, SIDE, SIDE)
ONE = boxes([20.0, 22.0, 40.0, 42.0])


def test_a_mask_that_fills_its_box_has_no_projection_loss():
    assert projection_loss(sure(disc(30, 32, 10)), ONE).item() < 0.02


@pytest.mark.parametrize(
    ("mask", "least"),
    [
        (NOTHING, 1.9),
        (disc(30, 32, 5), 0.3),
        (disc(30, 32, 13), 0.15),
        (disc(33, 32, 10), 0.1),
    ],
    ids=["empty", "too small", "overflowing", "beside"],
)
def test_any_other_mask_has_one(mask, least):
    assert projection_loss(sure(mask), ONE).item() > least


def test_of_boxes_that_overlap_each_ends_where_it_ends():
    both = boxes([10.0, 22.0, 30.0, 42.0], [26.0, 22.0, 46.0, 42.0])
    masks = torch.maximum(disc(20, 32, 10), disc(36, 32, 10))
    assert projection_loss(sure(masks), both).item() < 0.02
    assert projection_loss(sure(disc(20, 32, 10)), both).item() > 0.2
    np.testing.assert_array_equal(cover(both, (SIDE, SIDE))[0, 30, [5, 12, 28, 40, 50]], [0, 1, 2, 1, 0])


def test_a_box_cut_by_the_crop_asks_only_for_what_can_be_seen():
    cut = boxes([-16.0, 22.0, 4.0, 42.0])  # the last 4 px of a disc of 20
    assert projection_loss(sure(disc(-6, 32, 10)), cut).item() < 0.05
    assert projection_loss(sure(torch.zeros(1, SIDE, SIDE)), cut).item() > 0.5


def test_without_boxes_there_is_no_loss_but_a_gradient_of_zero():
    logits = torch.zeros(1, SIDE, SIDE, requires_grad=True)
    loss, _ = box_loss(
        logits, logits * 1, torch.randn(1, 1, SIDE, SIDE), boxes(), NOTHING, torch.ones_like(NOTHING)
    )
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_pixels_alike_want_to_be_of_one_kind_and_those_across_an_edge_do_not_care():
    crop = disc(30, 32, 10)[None] + 0.05 * torch.randn(1, 1, SIDE, SIDE, generator=torch.manual_seed(0))
    inside = cover(ONE, (SIDE, SIDE))
    alike = similarity(crop)
    true, shifted = sure(disc(30, 32, 10)), sure(disc(34, 32, 10))
    assert pairwise_loss(true, alike, inside) < 0.2 * pairwise_loss(shifted, alike, inside)


def test_every_term_moves_the_foreground_and_the_centre():
    generator = torch.manual_seed(0)
    foreground = torch.randn(1, SIDE, SIDE, generator=generator, requires_grad=True)
    centre = torch.zeros(1, SIDE, SIDE, requires_grad=True)
    crop = disc(30, 32, 10)[None]
    loss, terms = box_loss(foreground, centre, crop, ONE, NOTHING, NOTHING)
    loss.backward()
    assert set(terms) == {"projection", "pairwise", "box_centre"}
    assert foreground.grad[0, 22:42, 20:40].abs().sum() > 0
    assert centre.grad[0, 32, 30] < 0 < centre.grad[0, 25, 23]
    assert not centre.grad[0, :20].any()


def test_learning_by_the_loss_alone_finds_the_disc_in_its_box():
    generator = torch.manual_seed(0)
    crop = disc(30, 32, 10)[None] + 0.1 * torch.randn(1, 1, SIDE, SIDE, generator=generator)
    logits = torch.zeros(1, SIDE, SIDE, requires_grad=True)
    outside = 1 - cover(ONE, (SIDE, SIDE))
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(60):
        loss, _ = box_loss(logits, None, crop, ONE, NOTHING, outside)
        loss = loss + (torch.nn.functional.softplus(logits) * outside).sum() / outside.sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found, true = logits.detach() > 0, disc(30, 32, 10) > 0
    dice = 2 * (found & true).sum() / (found.sum() + true.sum())
    filled = 2 * true.sum() / (true.sum() + 400)
    assert dice > 0.97 > filled


def test_a_turn_of_a_crop_turns_its_boxes():
    for seed in range(16):
        turn = augment.symmetry(np.random.default_rng(seed))
        crop = np.zeros((SIDE, SIDE))
        crop[5:12, 20:40] = 1
        (x0, y0, x1, y1) = augment.turned_boxes(np.array([[20.0, 5.0, 40.0, 12.0]]), turn, SIDE)[0].astype(
            int
        )
        assert turn(crop)[y0:y1, x0:x1].all()
        assert turn(crop).sum() == (x1 - x0) * (y1 - y0)


@pytest.fixture
def drawn():
    """A clear disc and a box on nothing but noise."""
    image = phantoms.disc(96, (30, 32), 22).astype(np.float32)
    image += np.random.default_rng(0).normal(0, 0.05, image.shape)
    return image, np.array([[19, 21, 22, 22], [60, 60, 12, 12.0]])


def test_a_clear_particle_gets_an_outline_and_an_unclear_one_keeps_its_box(drawn, tmp_path):
    example = sources.of_boxes("a", *drawn)
    (outline,) = example.outlines
    assert polygon_area(outline) == pytest.approx(np.pi / 4 * 22**2, rel=0.06)
    assert example.boxes.tolist() == [[60, 60, 12, 12]]
    save(example, tmp_path / "a.npz")
    assert load(tmp_path / "a.npz").boxes.tolist() == example.boxes.tolist()


def test_a_teachers_outline_comes_first_unless_it_is_unlikely(drawn):
    square = np.array([[60.0, 60], [72, 60], [72, 72], [60, 72]])
    ellipse = phantoms.ellipse_outline((66, 66), 12)
    far = ellipse + 20
    for outline, n in ((ellipse, 2), (square, 1), (far, 1)):
        example = sources.of_boxes("a", *drawn, propose=lambda image, boxes, one=outline: [None, one])
        assert len(example.outlines) == n


def test_crops_of_boxes_carry_them_and_leave_their_pixels_to_the_box_loss(drawn):
    from mlcore.data.crops import collated, crop_of

    example = sources.of_boxes("a", *drawn)
    seen = 0
    for seed in range(12):
        crop, _, weight, found = crop_of(np.random.default_rng(seed), example, 64)
        assert crop.shape == weight.shape == (1, 64, 64)
        for x0, y0, x1, y1 in found:
            seen += 1
            assert not weight[0, int(max(y0, 0)) + 1 : int(y1) - 1, int(max(x0, 0)) + 1 : int(x1) - 1].any()
    assert seen > 3
    plain = tuple(torch.zeros(1, 4, 4) for _ in range(3))
    batch = collated([(*plain, torch.ones(2, 4)), plain])
    assert [tuple(one.shape) for one in batch] == [(2, 1, 4, 4)] * 3 + [(2, 2, 4)]
    assert not batch[3][1].any()
    assert len(collated([plain, plain])) == 3


def test_a_teacher_gives_boxes_the_outlines_of_what_it_finds_there(tmp_path, monkeypatch, drawn):
    state = {"config": {"mode": "ours", "width": 0.25}, "average": build_detector(0.25).state_dict()}
    checkpoint.save(tmp_path / "checkpoint.pt", state)
    asked = teacher.Teacher(tmp_path / "checkpoint.pt")
    one = phantoms.ellipse_outline((30, 32), 22)

    def found(maps):
        assert maps["foreground"].shape == (113, 113)  # 96 px at the zoom of 24 / 20.35
        return [SimpleNamespace(outline=one * (113 / 96))]

    monkeypatch.setattr(teacher, "instances", found)
    image, given = drawn
    proposed = asked(image, np.concatenate([given[:1], [[60, 60, 18.7, 18.7]]]))
    assert outline_box(proposed[0]) == pytest.approx(outline_box(one))
    assert proposed[1] is None
    assert asked(image, np.zeros((0, 4))) == []


def test_no_teacher_is_said_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        teacher.Teacher(tmp_path / "checkpoint.pt")
    checkpoint.save(tmp_path / "checkpoint.pt", {"config": {"mode": "paper"}})
    with pytest.raises(ValueError, match="no checkpoint of a detector"):
        teacher.Teacher(tmp_path / "checkpoint.pt")


def test_a_training_from_boxes_runs_and_its_loss_falls(tmp_path):
    from mlcore.training.config import DetectorConfig
    from mlcore.training.detector import train_detector

    rng = np.random.default_rng(0)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    image = rng.integers(90, 110, (128, 128)).astype(np.uint8)
    image[40:60, 30:50], image[80:95, 90:105] = 30, 100
    Image.fromarray(image).save(tmp_path / "images" / "a.png")
    places = [(40, 50, 20, 20), (97.5, 87.5, 15, 15)]
    lines = [f"0 {x / 128} {y / 128} {w / 128} {h / 128}" for x, y, w, h in places]
    (tmp_path / "labels" / "a.txt").write_text("\n".join(lines))
    source = {"yolo": str(tmp_path / "labels")}
    ready = [(1.0, sources.prepare(source, tmp_path / "out"))]
    config = DetectorConfig(sources=[source], width=0.25, crop_px=64, batch_size=2, steps=12, lr=2e-3)
    losses, names = [], set()

    def on_step(step, loss, terms):
        losses.append(float(loss))
        names.update(terms)

    train_detector(config, ready, tmp_path, workers=0, on_step=on_step)
    assert {"projection", "pairwise", "box_centre"} <= names
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert json.dumps(config.as_dict())
