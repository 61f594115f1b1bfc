"""Intervals on their way to a table and back into figures."""

import csv

import numpy as np
import pytest

from annotations.shape import measure_many
from mlcore.evaluation.evaluate import evaluate
from mlcore.evaluation.frames import make_frame, read_predictions
from mlcore.inference.engine import Detection
from mlcore.inference.estimate import Estimate
from mlcore.inference.table import HEADER, rows, write_table
from tests.phantoms import ellipse_outline

ESTIMATE = Estimate(1.1, 1.0, 1.2, 1.5, 1.4, 1.7, 0.6, 0.55, 0.68, 0.02)
BOUNDS = HEADER[9:]


def table_of(tmp_path, estimates, diameter=40.0, pixel_size_nm=0.5):
    found = [
        Detection(ellipse_outline((60 + 100 * k, 50), diameter, 1.4), 0.9, estimate=one)
        for k, one in enumerate(estimates)
    ]
    measured = measure_many([one.outline for one in found], None, pixel_size_nm)
    write_table(tmp_path / "a.csv", rows(found, measured))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), measured


def test_an_estimate_stands_in_place_of_the_outlines_size(tmp_path):
    (row,), (measured,) = table_of(tmp_path, [ESTIMATE])
    values = [float(row[name]) for name in ("diameter_nm", *BOUNDS[:2])]
    np.testing.assert_allclose(values, np.array([1.1, 1.0, 1.2]) * measured.ecd_nm, rtol=1e-4)
    assert [row[name] for name in ("aspect_ratio", *BOUNDS[2:4])] == ["1.5000", "1.4000", "1.7000"]
    assert [row[name] for name in ("roundness", *BOUNDS[4:])] == ["0.6000", "0.5500", "0.6800"]


def test_without_an_estimate_the_outline_speaks_and_bounds_are_empty(tmp_path):
    (row,), (measured,) = table_of(tmp_path, [None])
    assert float(row["diameter_nm"]) == pytest.approx(measured.ecd_nm, rel=1e-4)
    assert float(row["aspect_ratio"]) == pytest.approx(1.4, abs=1e-3)
    assert {row[name] for name in BOUNDS} == {""}


def test_without_a_calibration_there_is_no_diameter_but_a_shape(tmp_path):
    (row,), _ = table_of(tmp_path, [ESTIMATE], pixel_size_nm=None)
    assert row["diameter_nm"] == row["diameter_low_nm"] == row["diameter_high_nm"] == ""
    assert row["aspect_ratio"] == "1.5000"


def test_what_is_too_small_for_a_shape_gets_none_from_an_estimate(tmp_path):
    (row,), _ = table_of(tmp_path, [ESTIMATE], diameter=4.5)
    assert float(row["diameter_low_nm"]) > 0
    assert {row[name] for name in ("aspect_ratio", "roundness", *BOUNDS[2:])} == {""}


def test_tables_come_back_with_their_intervals_and_older_ones_without(tmp_path):
    table_of(tmp_path, [ESTIMATE, None])
    frame = read_predictions(tmp_path)["a"]
    np.testing.assert_allclose(frame.bounds["roundness"][0], [0.55, 0.68])
    assert np.isnan(frame.bounds["roundness"][1]).all()
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        table = [row[:9] for row in csv.reader(file)]
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    frame = read_predictions(tmp_path)["a"]
    assert len(frame) == 2
    assert np.isnan(frame.bounds["ecd_nm"]).all()


def frames(width):
    """Forty particles of 10 nm, found with intervals that reach `width` times the error of most."""
    rng = np.random.default_rng(0)
    true, found = {}, {}
    for name in ("a", "b"):
        boxes = [[30 * k, 0, 20, 20] for k in range(20)]
        error = rng.uniform(-1, 1, 20)
        sizes = {"ecd_nm": 10 + error, "aspect_ratio": np.full(20, 1.2), "roundness": np.full(20, 0.8)}
        bounds = {"ecd_nm": np.stack([10 + error - width, 10 + error + width], axis=1)}
        true[name] = make_frame(name, boxes, sizes={**sizes, "ecd_nm": np.full(20, 10.0)})
        found[name] = make_frame(name, boxes, sizes=sizes, bounds=bounds)
    return true, found


@pytest.mark.parametrize(("width", "share"), [(1.0, 1.0), (0.5, 0.5), (1e-9, 0.0)])
def test_coverage_is_the_share_of_true_values_within(width, share):
    figures = evaluate(*frames(width), resamples=50)
    coverage = figures["diameter_coverage_90"]
    assert coverage["value"] == pytest.approx(share, abs=0.15)
    assert coverage["n"] == 40
    assert coverage["low"] <= coverage["value"] <= coverage["high"]
    assert figures["diameter_interval_relative_width"]["value"] == pytest.approx(0.2 * width, rel=0.05)


def test_predictions_without_intervals_have_no_coverage():
    figures = evaluate(*frames(1.0), resamples=0)
    for name in ("aspect_ratio", "roundness"):
        assert figures[f"{name}_coverage_90"] == {"value": None, "low": None, "high": None, "n": 0}
        assert figures[f"{name}_interval_relative_width"]["value"] is None


def test_particles_that_the_truth_cuts_do_not_count():
    true, found = frames(1.0)
    for frame in true.values():
        frame.is_truncated[:5] = True
    assert evaluate(true, found, resamples=0)["diameter_coverage_90"]["n"] == 30


def test_leaving_out_unsure_ones_keeps_rows_together():
    _, found = frames(1.0)
    one = found["a"]
    one.confidence[:] = np.linspace(0, 1, 20)
    kept = one.surer_than(0.5)
    np.testing.assert_array_equal(kept.bounds["ecd_nm"], one.bounds["ecd_nm"][10:])
