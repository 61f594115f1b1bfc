"""The simulator against multislice where abTEM is installed; `./etem bench physics` has all six cases."""

import numpy as np
import pytest

from tests.benchmark import multislice
from tests.benchmark.multislice import PITCH_NM, Case

OUT_OF_FOCUS = Case(3.0, defocus_nm=-100.0)


def test_a_profile_is_measured_as_it_was_drawn():
    case = Case(4.0)
    r = np.arange(70) * PITCH_NM
    profile = 2 * np.interp(r, [1.5, 1.9, 2.1, 3.0], [0.8, 0.8, 1.0, 1.0])
    got = multislice.measured(profile, case)
    assert got.contrast == pytest.approx(0.2)
    assert got.half_nm == pytest.approx(4.0, abs=0.01)
    y, x = np.mgrid[:80, :80] - 39.5
    ring = multislice.radial(np.hypot(x, y) * 0.05, 0.05)
    # The middle lies between four pixels, half a diagonal (0.035 nm) from each.
    np.testing.assert_allclose(ring, np.arange(len(ring)) * PITCH_NM, atol=0.036)


def test_our_fringe_is_dark_when_overfocused_and_bright_when_underfocused():
    over = multislice.measured(multislice.our_profile(OUT_OF_FOCUS), OUT_OF_FOCUS)
    under = Case(3.0, defocus_nm=100.0)
    assert over.fringe < -0.05
    assert multislice.measured(multislice.our_profile(under), under).fringe > 0.02


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # abTEM's and its dependencies' own
def test_multislice_puts_the_fringe_of_a_sphere_where_we_do(monkeypatch):
    pytest.importorskip("abtem", reason="abTEM is not installed: ./etem bench physics installs it")
    monkeypatch.setattr(
        multislice, "SAMPLING_A", 0.2
    )  # a quarter of the time; contrast suffers, places do not
    theirs = multislice.measured(multislice.multislice_profile(OUT_OF_FOCUS, orientations=6), OUT_OF_FOCUS)
    ours = multislice.measured(multislice.our_profile(OUT_OF_FOCUS), OUT_OF_FOCUS)
    assert theirs.fringe < 0 > ours.fringe
    assert ours.fringe_nm == pytest.approx(theirs.fringe_nm, abs=0.1)
    assert ours.half_nm == pytest.approx(theirs.half_nm, abs=0.3)
