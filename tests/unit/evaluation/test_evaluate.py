"""Scoring against truths whose answers are known by hand."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from mlcore.evaluation.evaluate import average_precision, evaluate, pair
from mlcore.evaluation.frames import make_frame, read_predictions, read_truth

BOXES = np.array([[0, 0, 10, 10], [50, 50, 10, 10], [100, 0, 20, 20], [200, 200, 8, 8]], float)
NM = [10.0, 10.0, 20.0, 8.0]


def true_frame(**over):
    sizes = {"ecd_nm": NM, "aspect_ratio": [1, 1, 2, 6], "roundness": [1, 0.9, 0.5, 0.2]}
    return make_frame("a", BOXES, sizes=sizes, **over)


def found_frame(boxes=BOXES, **over):
    return make_frame("a", boxes, **over)


def value(figures, name):
    return figures[name]["value"]


def test_the_truth_itself_scores_one_and_errs_by_nothing():
    found = make_frame("a", BOXES, sizes=true_frame().sizes)
    figures = evaluate({"a": true_frame()}, {"a": found}, resamples=0)
    for name in ("precision", "recall", "f1", "ap50", "ap50_95", "f1_mean_of_images"):
        assert value(figures, name) == pytest.approx(1)
    for name in (
        "diameter_mae_nm",
        "aspect_ratio_rmse",
        "aspect_ratio_log_rmse_above_4",
        "roundness_rmse",
        "d50_error_nm",
    ):
        assert value(figures, name) == pytest.approx(0)


def test_counts_are_those_of_hits_misses_and_false_alarms():
    found = found_frame([BOXES[0], BOXES[1], [300, 300, 10, 10]])
    figures = evaluate({"a": true_frame()}, {"a": found}, resamples=0)
    assert value(figures, "precision") == pytest.approx(2 / 3)
    assert value(figures, "recall") == pytest.approx(2 / 4)
    assert value(figures, "f1") == pytest.approx(2 * 2 / (4 + 3))


def test_an_overlap_of_two_fifths_counts_at_iou_30_and_not_at_50():
    shifted = [[4, 0, 10, 10]]  # 60 shared of 140
    figures = evaluate({"a": make_frame("a", BOXES[:1])}, {"a": found_frame(shifted)}, resamples=0)
    assert value(figures, "f1") == 0
    assert value(figures, "f1_iou30") == 1


def test_what_is_ignored_is_neither_a_miss_nor_a_false_alarm():
    true = true_frame(is_ignored=[False, False, False, True])
    for boxes in (BOXES[:3], BOXES, [*BOXES, [201, 201, 4, 4]]):
        figures = evaluate({"a": true}, {"a": found_frame(boxes)}, resamples=0)
        assert value(figures, "precision") == 1
        assert value(figures, "recall") == 1
    assert pair(true, found_frame(BOXES), 0.5).hit.tolist() == [1, 1, 1, -1]


def test_what_the_frame_cuts_is_found_and_not_sized():
    true = true_frame(is_truncated=[True, False, False, False])
    found = found_frame(sizes={"ecd_nm": [99, 11, 20, 8]})
    figures = evaluate({"a": true}, {"a": found}, resamples=0)
    assert value(figures, "recall") == 1
    assert figures["diameter_mae_nm"]["n"] == 3
    assert value(figures, "diameter_mae_nm") == pytest.approx(1 / 3)
    assert value(figures, "diameter_bias_nm") == pytest.approx(1 / 3)
    assert value(figures, "diameter_relative_error_median") == pytest.approx(0)


def test_shape_errors_are_root_mean_squares_with_long_ones_apart():
    found = found_frame(sizes={"aspect_ratio": [1.3, 1, 2.4, 6 * np.e], "roundness": [1, 0.9, 0.5, 0.4]})
    figures = evaluate({"a": true_frame()}, {"a": found}, resamples=0)
    assert value(figures, "aspect_ratio_rmse") == pytest.approx(np.sqrt((0.09 + 0.16) / 3))
    assert value(figures, "aspect_ratio_log_rmse_above_4") == pytest.approx(1)
    assert value(figures, "roundness_rmse") == pytest.approx(0.1)


def test_a_frame_without_prediction_counts_as_missed_and_others_are_left_out():
    frames = {"a": true_frame(), "b": make_frame("b", BOXES)}
    figures = evaluate(frames, {"a": found_frame(), "c": found_frame()}, resamples=0)
    assert value(figures, "recall") == pytest.approx(0.5)
    assert value(figures, "precision") == 1


def test_average_precision_of_a_hit_a_false_alarm_and_a_hit():
    # Precision 1 up to recall 1/2, then 2/3 up to 1.
    hits = [(np.array([0.9, 0.8, 0.7]), np.array([1, 0, 1]))]
    assert average_precision(hits, 2) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_an_interval_is_over_images_and_holds_the_value():
    rng = np.random.default_rng(0)
    true = {str(k): make_frame(str(k), BOXES) for k in range(20)}
    found = {name: found_frame(BOXES[: rng.integers(1, 5)]) for name in true}
    one = evaluate(true, found)["recall"]
    assert one["low"] < one["value"] < one["high"]
    assert evaluate({"1": true["1"]}, found)["recall"]["low"] is None  # of one image there is no spread


def test_nothing_to_size_gives_none_and_not_a_number_that_json_does_not_know():
    figures = evaluate({"a": make_frame("a", BOXES)}, {"a": found_frame()}, resamples=5)
    assert value(figures, "diameter_mae_nm") is None
    json.dumps(figures, allow_nan=False)


def write_table(folder, stem, rows):
    header = "x,y,width,height,label,confidence,diameter_nm,aspect_ratio,roundness"
    (folder / f"{stem}.csv").write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    write_table(
        folder, "one", ["10,20,20,10,nanoparticle,0.9,,,", "60,60,10,10,nanoparticle,0.4,5.5,1.1,0.9"]
    )
    return folder


def test_yolo_labels_and_masks_and_coco_of_one_frame_score_alike(tmp_path, tables):
    labels = np.zeros((100, 200), np.uint8)
    labels[20:30, 10:30] = 255
    labels[60:70, 60:70] = 255
    for name in ("images", "labels", "masks"):
        (tmp_path / name).mkdir()
    Image.fromarray(labels).save(tmp_path / "images" / "one.png")
    Image.fromarray(labels).save(tmp_path / "masks" / "one.png")
    (tmp_path / "labels" / "one.txt").write_text("0 0.1 0.25 0.1 0.1\n0 0.325 0.65 0.05 0.1\n")
    coco = {
        "images": [{"id": 3, "file_name": "one.tif", "width": 200, "height": 100}],
        "annotations": [
            {"id": 1, "image_id": 3, "bbox": [10, 20, 20, 10]},
            {"id": 2, "image_id": 3, "bbox": [60, 60, 10, 10], "ecd_nm": 5.0},
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    found = read_predictions(tables)
    for name in ("labels", "masks", "coco.json"):
        true = read_truth(tmp_path / name)
        np.testing.assert_allclose(np.sort(true["one"].boxes, axis=0), np.sort(found["one"].boxes, axis=0))
        assert value(evaluate(true, found, resamples=0), "f1") == 1
    assert value(evaluate(read_truth(tmp_path / "coco.json"), found, resamples=0), "diameter_mae_nm") == 0.5


def test_the_command_prints_figures_and_json(tmp_path, tables, capsys):
    coco = {
        "images": [{"id": 3, "file_name": "one.tif", "width": 200, "height": 100}],
        "annotations": [{"id": 1, "image_id": 3, "bbox": [10, 20, 20, 10]}],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    given = {"predictions": str(tables), "truth": str(tmp_path / "coco.json")}
    call_command("evaluate", **given)
    assert "1 frames, 1 particles that count." in capsys.readouterr().out
    call_command("evaluate", **given, json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["figures"]["precision"]["value"] == 0.5
    call_command("evaluate", **given, json=True, min_confidence=0.5)
    assert json.loads(capsys.readouterr().out)["figures"]["precision"]["value"] == 1


@pytest.mark.parametrize(
    ("predictions", "truth", "words"),
    [
        ("nowhere", "coco.json", "are no folder"),
        ("empty", "coco.json", "holds no CSV"),
        ("bad", "coco.json", "is no table of detect"),
        ("tables", "nowhere.json", "does not exist"),
        ("tables", "bad.json", "is no COCO file"),
        ("tables", "empty", "holds neither YOLO labels"),
        ("tables", "coco.json", "No prediction bears the name"),
    ],
)
def test_what_cannot_be_scored_is_said_in_a_sentence(tmp_path, tables, predictions, truth, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "one.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.json").write_text("{")
    other = {"images": [{"id": 1, "file_name": "two.tif", "width": 9, "height": 9}], "annotations": []}
    (tmp_path / "coco.json").write_text(json.dumps(other))
    with pytest.raises(CommandError, match=words):
        call_command("evaluate", predictions=str(tmp_path / predictions), truth=str(tmp_path / truth))
