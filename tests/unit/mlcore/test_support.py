"""Lumps of the support are less sure than particles; large particles are not taken for such."""

import numpy as np
import pytest

from mlcore.evaluation.matching import box_iou
from mlcore.inference.classical import ClassicalEngine
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.inference.support import likeness, steps
from tests import phantoms

SMALL = [(x, y, 12) for x in range(30, 400, 36) for y in range(250, 400, 36)]
LARGE = [(90, 110, 90), (270, 110, 130)]


def confidences(image, discs):
    """Of the best match of each disc; 0 where nothing lies on it."""
    found = ClassicalEngine().find(image)
    overlap = box_iou([(x - d / 2, y - d / 2, d, d) for x, y, d in discs], [one.box for one in found])
    return [found[k].confidence * (row[k] > 0.5) for row in overlap for k in [row.argmax()]]


def lump(side, at, diameter_px):
    """A sphere of light material: bright in its middle, and faint where it ends."""
    y, x = np.mgrid[:side, :side] + 0.5
    far = ((x - at[0]) ** 2 + (y - at[1]) ** 2) / (diameter_px / 2) ** 2
    return np.sqrt(np.maximum(1 - far, 0))


def test_lumps_below_particles_are_not_shown():
    image = phantoms.micrograph(400, SMALL, noise=0.05)
    for x, y, d in LARGE:
        image += 0.4 * lump(400, (x, y), d)
    assert max(confidences(image, LARGE)) < DEFAULT_CONFIDENCE < min(confidences(image, SMALL))


def test_lumps_are_what_is_found_where_there_is_nothing_else():
    image = phantoms.micrograph(400, [], noise=0.05)
    for x, y, d in LARGE:
        image += 0.4 * lump(400, (x, y), d)
    assert min(confidences(image, LARGE)) > 0.5


@pytest.mark.parametrize("contrast", [1.0, -1.0])
@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_large_particles_among_many_small_ones_stay(contrast, noise):
    image = phantoms.micrograph(400, SMALL + LARGE, contrast=contrast, noise=noise)
    assert min(confidences(image, LARGE)) > 0.9


def test_a_step_is_that_of_the_image_and_the_frame_s_edge_is_none():
    image = 3.0 * phantoms.disc(100, (50, 50), 60)
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    circle = 50 + 30 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    frame = np.array([[0, 0], [100, 0], [100, 100], [0, 100]], dtype=float)
    assert steps([circle, frame], image) == pytest.approx([3, 0], abs=0.1)


def test_few_particles_tell_nothing():
    outlines = [np.array([[0, 0], [9, 0], [9, 9], [0, 9]], dtype=float)] * 3
    assert likeness(outlines, np.ones(3, dtype=bool), np.zeros((20, 20))).tolist() == [1, 1, 1]
