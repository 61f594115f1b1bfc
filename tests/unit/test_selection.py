import numpy as np
import pytest

from analysis.metrology.selection import ParticleColumns, select
from analysis.metrology.summary import summarise
from analysis.reports import captions


def columns(k=6, **over):
    """Discs of 20 px and 10 nm on six images; anything overridable."""
    whole = {name: np.full(k, value) for name, value in DISC.items()}
    whole |= {"frame": np.arange(k), "recording": np.arange(k), "touches_border": np.zeros(k, dtype=bool)}
    return ParticleColumns(**{**whole, **{name: np.array(value) for name, value in over.items()}})


NAN = float("nan")
DISC = {
    "calibration": 7,
    "ecd_nm": 10.0,
    "ecd_px": 20.0,
    "confidence": NAN,
    "feret_min_px": 20.0,
    "aspect_ratio": 1.0,
    "roundness": 1.0,
    "width_px": 20.0,
    "height_px": 20.0,
    "frame_width_px": 512,
    "frame_height_px": 512,
}


def test_each_particle_left_out_has_one_reason():
    found = select(
        columns(
            ecd_px=[NAN, 20, 20, 20, 20, 20],
            ecd_nm=[NAN, 10, 10, NAN, 10, 12],
            touches_border=[True, True, False, False, False, False],
            feret_min_px=[NAN, 5, 5, 20, 20, 20],
        )
    )
    reasons = (found.n_without_outline, found.n_at_border, found.n_below_cut, found.n_uncalibrated)
    assert reasons == (1, 1, 1, 1)
    assert found.diameter.tolist() == [10, 12]
    assert (found.unit, found.n, found.n_frames, found.n_found) == ("nm", 2, 2, 6)


def test_without_any_calibration_sizes_are_in_pixels():
    found = select(columns(ecd_nm=[NAN] * 6, calibration=[0] * 6))
    assert (found.unit, found.calibrations, found.n_uncalibrated) == ("px", [], 6)
    assert found.diameter.tolist() == [20.0] * 6


def test_pixels_and_nanometres_are_never_mixed():
    found = select(columns(ecd_nm=[NAN] * 5 + [10]))
    assert (found.unit, found.diameter.tolist(), found.n_uncalibrated) == ("nm", [10.0], 5)


def test_the_unsure_are_left_out_first_and_what_has_no_confidence_counts():
    found = select(
        columns(confidence=[0.1, 0.2499, 0.25, 0.9, NAN, NAN], ecd_px=[NAN, 20, 20, 20, 20, NAN]),
        confidence_min=0.25,
    )
    assert (found.n_below_confidence, found.n_without_outline, found.n) == (2, 1, 3)
    assert select(columns(confidence=[0.0] * 6)).n == 6


def test_the_caption_says_how_many_were_unsure():
    unsure = columns(1104, confidence=[0.1] * 1103 + [0.9])
    rules = {"border": "include", "feret_min_px": 0, "confidence_min": 0.25, "noun": "suggestion"}
    one = select(unsure, border="include", feret_min_px=0, confidence_min=0.25)
    text = captions.shape_caption(one, "Formula", **rules)
    assert "1,103 suggestions under a confidence of 0.25 left out; particles touching" in text
    none = select(columns(confidence=[0.9] * 6), confidence_min=0.25)
    assert "No suggestion under a confidence of 0.25 left out" in captions.shape_caption(none, "", **rules)


def test_a_particle_at_the_cut_counts():
    assert select(columns(feret_min_px=[10, 9.999, 10, 10, 10, 10]), feret_min_px=10).n == 5
    assert select(columns(feret_min_px=[NAN, 1, 1, 1, 1, 1]), feret_min_px=0).n == 6


def test_the_edge_weight_leaves_out_what_is_too_wide_to_be_weighted():
    found = select(columns(width_px=[300, 20, 20, 20, 20, 20]), border="weight")
    assert (found.n, found.n_too_wide) == (5, 1)
    assert found.edge_weight == pytest.approx(1 / (1 - 20 / 512) ** 2)
    assert select(columns()).edge_weight is None


def test_frames_of_one_file_are_one_unit_of_the_interval():
    rng = np.random.default_rng(0)
    many = columns(200, ecd_nm=rng.lognormal(2, 0.3, 200), recording=np.zeros(200, dtype=int))
    summary = summarise(select(many))
    assert summary.intervals is None
    assert "1 file is too few" in captions.intervals_note(summary)
    assert "200 images of 1 file" in captions.basis(summary.selection)


def test_the_caption_says_what_the_numbers_rest_on():
    summary = summarise(select(columns(300, ecd_nm=np.linspace(5, 15, 300))), weighting="volume")
    text = captions.size_caption(
        summary, [("a.dm4", 0.5, "File's tag", 1)], border="exclude", feret_min_px=10
    )
    for part in [
        "300 particles",
        "300 images",
        "volume-weighted",
        "below 10 px",
        "border left out",
        "0.50000 nm/px",
        "2√(A/π)",
    ]:
        assert part in text
    assert "do not repeat" in captions.volume_warning(summary)
    assert captions.volume_warning(summarise(summary.selection)) == ""


def test_a_caption_in_pixels_names_no_nanometre():
    summary = summarise(select(columns(ecd_nm=[NAN] * 6)))
    text = captions.size_caption(summary, [], border="include", feret_min_px=0) + captions.takeaway(summary)
    assert "nm" not in text
    assert "pixels" in text
