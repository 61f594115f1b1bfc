"""Optics and camera: textbook constants, the sign of defocus, counting noise."""

import numpy as np
import pytest

from mlcore.simulation.camera import Camera, exposed, recorded
from mlcore.simulation.materials import MATERIALS, interaction_rad_per_v_nm, wavelength_nm
from mlcore.simulation.optics import Lens, image_intensity, transfer
from mlcore.simulation.solids import Ellipsoid

PITCH_NM = 0.1


@pytest.mark.parametrize(
    ("kv", "picometres", "milliradians"), [(80, 4.176, 10.1), (200, 2.508, 7.29), (300, 1.969, 6.53)]
)
def test_wavelength_and_interaction_constant_are_those_of_the_tables(kv, picometres, milliradians):
    assert wavelength_nm(kv) * 1e3 == pytest.approx(picometres, abs=0.001)
    assert interaction_rad_per_v_nm(kv) * 1e3 == pytest.approx(milliradians, rel=0.003)


def ball(radius_nm=5.0, side=512):
    x = (np.arange(side) - side / 2 + 0.5) * PITCH_NM
    thickness = Ellipsoid.of([radius_nm] * 3, np.eye(3)).thickness(x[None, :], x[:, None])
    gold = MATERIALS["gold"]
    return thickness / gold.mean_free_path(200), thickness * interaction_rad_per_v_nm(
        200
    ) * gold.inner_potential_v


def just_outside(image, radius_nm=5.0):
    """Mean intensity of the first 0.5 nm outside the ball."""
    at = (np.arange(len(image)) - len(image) / 2 + 0.5) * PITCH_NM
    r = np.hypot(at[None, :], at[:, None])
    return image[(r > radius_nm + 0.05) & (r < radius_nm + 0.55)].mean()


def test_the_sign_of_defocus_flips_the_fresnel_fringe():
    under = image_intensity(*ball(), PITCH_NM, Lens(kv=200, defocus_nm=200))
    over = image_intensity(*ball(), PITCH_NM, Lens(kv=200, defocus_nm=-200))
    assert just_outside(under) > 1.02
    assert just_outside(over) < 0.98


def test_without_a_specimen_the_beam_is_one_everywhere():
    nothing = np.zeros((64, 64), np.float32)
    image = image_intensity(nothing, nothing, PITCH_NM, Lens(kv=300, defocus_nm=500, aperture_mrad=10))
    np.testing.assert_allclose(image, 1, atol=1e-3)


def test_in_focus_the_middle_of_a_ball_is_as_dark_as_the_absorption_law_says():
    image = image_intensity(*ball(), PITCH_NM, Lens(kv=200, defocus_nm=0, cs_mm=0.0))
    expected = np.exp(-10 / MATERIALS["gold"].mean_free_path(200))
    assert image[256, 256] == pytest.approx(expected, rel=0.05)


def test_an_astigmatic_lens_has_two_foci():
    phase = np.angle(transfer((128, 128), PITCH_NM, Lens(kv=200, defocus_nm=0, astigmatism_nm=50)))
    assert phase[0, 6] == pytest.approx(-phase[6, 0], abs=1e-4)


def test_twice_the_dose_has_half_the_relative_variance():
    even = np.ones((256, 256), np.float32)
    relative = []
    for dose in (40.0, 80.0):
        camera = Camera(dose_e_px=dose, dqe=1.0, read_noise_e=0.0, gain=50, offset=0.0)
        image = recorded(exposed(even, camera), camera, np.random.default_rng(2)).astype(float)
        relative.append(image.var() / image.mean() ** 2)
    assert relative[0] == pytest.approx(1 / 40, rel=0.05)
    assert relative[0] / relative[1] == pytest.approx(2, rel=0.05)


def test_a_scintillator_correlates_neighbours_and_a_counting_camera_does_not():
    even = np.ones((256, 256), np.float32)
    found = {}
    for is_correlated in (False, True):
        camera = Camera(dose_e_px=100, mtf_q0=0.4, read_noise_e=0, is_noise_correlated=is_correlated)
        image = recorded(exposed(even, camera), camera, np.random.default_rng(2)).astype(float)
        image -= image.mean()
        found[is_correlated] = (image[:, 1:] * image[:, :-1]).mean() / image.var()
    assert abs(found[False]) < 0.02
    assert found[True] > 0.2


def test_drift_smears_along_its_own_direction_only():
    point = np.zeros((64, 64), np.float32)
    point[32, 32] = 1
    camera = Camera(dose_e_px=1000, dqe=1, mtf_c=1.0, drift_px=(5.0, 0.0))
    image = exposed(point, camera)
    assert image[32, 30:35].sum() > 0.9 * image.sum()
    assert image[31].max() < 1e-3 * image[32].max()
