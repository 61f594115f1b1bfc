"""How well a particle can be seen, where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from mlcore.simulation.conditions import draw
from mlcore.simulation.render import Specimen
from mlcore.simulation.tiers import TIERS
from mlcore.simulation.visibility import rose_number

SIDE = 20.0  # px of a square particle
SQUARE = np.array([[40.0, 40], [60, 40], [60, 60], [40, 60]])


@pytest.fixture
def bright():
    tier = replace(TIERS["T1"], haadf_share=0.0)
    conditions = draw(np.random.default_rng(0), tier, (128, 128))
    camera = replace(conditions.camera, dose_e_px=100.0, dqe=0.5)
    return replace(conditions, camera=camera, film=replace(conditions.film, pedestal=0.0))


def specimen(conditions, absorption=0.0, z=0.0):
    shape = (256, 256)
    behind, signal = (np.broadcast_to(np.asarray(one, float), shape) for one in (absorption, z))
    return Specimen(conditions.pixel_size_nm / 2, behind, behind, signal, behind, signal, [], [])


def rose(conditions, field, signal=0.1, unit=1.0):
    return rose_number(conditions, field, unit, signal, SQUARE, SIDE**2, 0)


def test_on_an_even_background_it_is_contrast_times_the_root_of_the_electrons(bright):
    expected = (1 - np.exp(-0.1)) * np.sqrt(50 * SIDE**2)
    assert rose(bright, specimen(bright)) == pytest.approx(expected, rel=1e-3)


def test_under_a_thick_support_there_are_fewer_electrons_to_see_it_by(bright):
    clear, covered = rose(bright, specimen(bright)), rose(bright, specimen(bright, absorption=2.0))
    assert covered / clear == pytest.approx(np.exp(-1.0), rel=1e-3)


def test_what_scatters_in_front_adds_noise_and_no_contrast(bright):
    half = replace(bright, film=replace(bright.film, pedestal=1.0))
    expected = (1 - np.exp(-0.1)) * 0.5 * np.sqrt(50 * SIDE**2)
    assert rose(half, specimen(half), unit=0.5) == pytest.approx(expected, rel=1e-3)


def test_lumps_as_large_as_the_particle_hide_it_and_fine_grain_does_not(bright):
    y, x = np.mgrid[:256, :256]
    lumps = 0.1 * ((x // 40 + y // 40) % 2)  # the grid is twice as fine as the frame: as large as the square
    grain = 0.1 * ((x + y) % 2)
    even = rose(bright, specimen(bright, absorption=0.05))
    assert rose(bright, specimen(bright, absorption=lumps)) < 0.3 * even
    assert rose(bright, specimen(bright, absorption=grain)) == pytest.approx(even, rel=0.02)


def test_dark_field_counts_what_lies_behind_as_noise():
    tier = replace(TIERS["T1"], haadf_share=1.0)
    conditions = draw(np.random.default_rng(0), tier, (128, 128))
    conditions = replace(conditions, scan=replace(conditions.scan, background=0.0))
    on_nothing, on_support = (
        rose(conditions, specimen(conditions, z=z), signal=3.0, unit=10.0) for z in (0.0, 9.0)
    )
    assert on_nothing == pytest.approx(30 * SIDE / np.sqrt(30), rel=1e-3)
    assert on_support == pytest.approx(30 * SIDE / np.sqrt(120), rel=1e-3)
