"""The benchmark: folds, differences, looks, what is kept, and the page."""

import json
import re

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from mlcore.data.labelled import read_labelled
from mlcore.evaluation import benchmark, looks, methods
from mlcore.evaluation.anchors import NOT_RUN, PUBLISHED
from mlcore.evaluation.benchmark_page import page
from mlcore.evaluation.fold_configs import write_fold_configs
from mlcore.evaluation.folds import fold_of, folds
from mlcore.evaluation.frames import read_truth
from mlcore.evaluation.paired import f1_difference
from mlcore.evaluation.sets import LABELS, TestFrame, _without_slivers, load_set
from mlcore.inference.engine import Detection
from mlcore.inference.weights import ABOUT
from mlcore.training.config import DetectorConfig, read_config
from tests import phantoms

MATERIALS = ("Cu", "Pd", "PtCo", "PtW", "Ru")


@pytest.fixture
def data(tmp_path):
    """Three frames of discs, as the set creme has its own."""
    folder = tmp_path / "data" / LABELS["creme"]
    images = folder.parent / "imgs"
    images.mkdir(parents=True)
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "loop"}]}
    for number in (1, 2, 3):
        discs = phantoms.grid_discs(96, 16, 12, seed=number)
        frame = phantoms.micrograph(96, discs, noise=0.05, seed=number)
        levels = np.clip((frame - frame.min()) / np.ptp(frame) * 255, 0, 255)
        Image.fromarray(levels.astype(np.uint8)).save(images / f"{number}.png")
        content["images"].append({"id": number, "file_name": f"{number}.png", "width": 96, "height": 96})
        for x, y, size in discs:
            outline = phantoms.ellipse_outline((x, y), size, points=40)
            low = outline.min(0).tolist()
            content["annotations"].append(
                {"id": len(content["annotations"]) + 1, "image_id": number, "category_id": 1,
                 "bbox": [*low, size, size], "segmentation": [outline.ravel().tolist()]}
            )  # fmt: skip
    folder.write_text(json.dumps(content))
    return tmp_path / "data"


@pytest.fixture
def frames(data, tmp_path):
    return load_set("creme", data=data, work=tmp_path / "work")


class Oracle:
    """Gives the truth back, but for what it is told to leave out; counts how often it was asked."""

    def __init__(self, frames, leave_out=0):
        self.by_shape = {one.labelled.image().tobytes(): one.labelled.outlines for one in frames}
        self.leave_out, self.asked = leave_out, 0

    def find(self, image, pixel_size_nm=None):
        self.asked += 1
        return [Detection(one, 0.9) for one in self.by_shape[image.tobytes()][self.leave_out :]]


def scored(frames, tmp_path, method, leave_out=0):
    engine = Oracle(frames, leave_out)
    engines = dict.fromkeys((one.fold for one in frames), engine)
    return benchmark.run(method, "creme", frames, engines, f"{leave_out}" * 12, work=tmp_path / "w",
                         resamples=50), engine  # fmt: skip


def test_no_two_folds_hold_out_the_same_frame_or_material():
    for name in LABELS:
        held = [frame for fold in folds() for frame in fold.held_out[name]]
        assert len(held) == len(set(held))
    for fold in folds():
        own = {next(one for one in MATERIALS if frame.startswith(one)) for frame in fold.held_out["ardagen"]}
        assert own == {fold.name}
    assert [fold.name for fold in folds()] == list(MATERIALS)


def test_every_frame_has_its_fold_and_a_stranger_has_none():
    assert fold_of("ardagen", "PtW3").name == "PtW"
    assert fold_of("msa-em", "image_12").name == "PtCo"
    with pytest.raises(ValueError, match="No fold holds out “Au1” of ardagen"):
        fold_of("ardagen", "Au1")


def test_the_difference_has_the_sign_and_the_interval_of_who_is_better():
    good = [[9, 10, 10]] * 8 + [[8, 10, 11]] * 4
    bad = [[5, 10, 10]] * 8 + [[3, 10, 12]] * 4
    one = f1_difference(good, bad)
    assert one["value"] == pytest.approx((2 * 104 / 244) - (2 * 52 / 248))
    assert 0 < one["low"] < one["value"] < one["high"]
    other = f1_difference(bad, good)
    assert other["value"] == pytest.approx(-one["value"])
    assert other["high"] < 0


def test_the_same_counts_differ_by_nothing_and_paired_noise_cancels():
    rng = np.random.default_rng(0)
    hard = rng.integers(1, 10, 30)
    one = np.stack([hard, np.full(30, 10), np.full(30, 10)], axis=1)
    assert f1_difference(one, one) == {"value": 0.0, "low": 0.0, "high": 0.0}
    better = one + [1, 0, 0]
    apart = f1_difference(better, one)
    assert [apart[name] for name in ("value", "low", "high")] == pytest.approx([0.1] * 3)


def test_differences_that_cannot_be_told_are_none():
    assert f1_difference([[0, 0, 0]], [[0, 0, 0]])["value"] is None
    assert f1_difference([[1, 1, 1]], [[0, 1, 1]]) == {"value": 1.0, "low": None, "high": None}
    with pytest.raises(ValueError, match="the same frames, got 1 and 2"):
        f1_difference([[1, 1, 1]], [[0, 1, 1]] * 2)


def test_a_look_is_one_row_and_rows_before_it_stay(tmp_path):
    path = tmp_path / "looks.csv"
    about = {"commit": "abc", "set_name": "T1", "frames": 3, "digest": "0" * 64, "f1": 0.5}
    looks.record(path, method="log", **about)
    before = path.read_text()
    looks.record(path, method="otsu", **{**about, "set_name": "T2", "f1": None})
    assert path.read_text().startswith(before)
    assert len(path.read_text().splitlines()) == 3
    assert looks.count(path) == {"T1": 1, "T2": 1}
    assert looks.count(tmp_path / "none.csv") == {}


def test_the_truth_scores_one_and_is_searched_once(frames, tmp_path):
    result, engine = scored(frames, tmp_path, "network")
    assert result.f1 == 1
    assert result.is_new
    assert engine.asked == len(frames) == 3
    assert [counts[0] for counts in result.counts] == [len(one.true) for one in frames]
    again, engine = scored(frames, tmp_path, "network")
    assert engine.asked == 0
    assert not again.is_new
    assert again.figures == result.figures


def test_a_run_that_was_stopped_goes_on_with_the_frames_that_are_missing(frames, tmp_path):
    scored(frames, tmp_path, "network")
    (folder,) = (tmp_path / "w" / "results").glob("creme-*/network-*")
    (folder / "figures-50.json").unlink()
    (folder / "2.csv").unlink()
    result, engine = scored(frames, tmp_path, "network")
    assert engine.asked == 1
    assert result.f1 == 1


def test_results_of_other_weights_or_of_another_truth_are_others(frames, tmp_path):
    scored(frames, tmp_path, "network")
    _, engine = scored(frames, tmp_path, "network", leave_out=1)
    assert engine.asked == 3
    assert benchmark.fingerprint(frames) != benchmark.fingerprint(frames[:2])


def test_slivers_at_the_edge_count_neither_way(frames):
    labelled = frames[0].labelled
    true = frames[0].true
    boxes = np.concatenate([[[0, 40, 3, 4]], true.boxes[1:]])
    changed = _without_slivers(type(true)(
        true.name, boxes, true.confidence, true.sizes, true.is_ignored, true.is_truncated, true.bounds
    ), labelled)  # fmt: skip
    assert changed.is_ignored.tolist() == [True, *[False] * (len(boxes) - 1)]


def test_recall_is_told_by_rose_number(frames, tmp_path):
    rose = [np.linspace(4, 12, len(one.true)) for one in frames]
    simulated = [TestFrame(one.labelled, one.true, None, r) for one, r in zip(frames, rose, strict=True)]
    engine = {None: Oracle(frames, leave_out=2)}  # the faintest two of each are missed
    result = benchmark.run("network", "T1", simulated, engine, "0" * 12, work=tmp_path, resamples=0)
    faint, *_, bright = [one for one in result.recall_by_rose if one[3]]
    assert faint[2] < 1
    assert bright[2] == 1
    assert sum(one[3] for one in result.recall_by_rose) == sum(len(one.true) for one in frames)


def written(frames, tmp_path, **over):
    ours, _ = scored(frames, tmp_path, "network")
    worse, _ = scored(frames, tmp_path, "log", leave_out=3)
    about = {"commit": "abc", "date": "2026-01-01", "machine": "2 cores"}
    given = {
        "looks": {"creme": 2}, "titles": ["creme"], "command": "benchmark", "resamples": 50, "frames": 3,
        "confidence": 0.25, "about": about, **over,
    }  # fmt: skip
    return page([ours, worse], {("creme", "stardist"): "weights not available here"}, **given)


def test_the_page_tells_figures_differences_looks_and_what_was_not_run(frames, tmp_path):
    text = written(frames, tmp_path)
    (row,) = [line for line in text.splitlines() if line.startswith("| multi-scale LoG") and "to" in line]
    f1 = scored(frames, tmp_path, "log", leave_out=3)[0].f1
    assert f"{f1:.3f}" in row
    assert f"{1 - f1:+.3f}" in row
    assert "2 looks so far" in text
    assert "StarDist-type head, 32 rays: not run: weights not available here." in text
    assert all(f"| {name} |" in text and published in text for name, published, _ in PUBLISHED)
    assert text.count(f"| {NOT_RUN} |") == len(PUBLISHED)
    assert not re.search(r"\bnan\b|\| None", text)


def test_a_network_that_learnt_from_a_set_is_not_asked_about_it(frames, tmp_path, monkeypatch):
    for place, sources in (("learnt", [{"masks": "x"}]), ("blind", [{"simulate": {}}])):
        folder = tmp_path / place / "paper"
        folder.mkdir(parents=True)
        (folder / ABOUT).write_text(json.dumps({"detector": {"mode": "paper", "sources": sources}}))
    with pytest.raises(methods.NotRunError, match="may have learnt from creme"):
        methods._folders("paper", "creme", ["Cu", "Pd"], tmp_path / "learnt")
    blind = methods._folders("paper", "creme", ["Cu", "Pd"], tmp_path / "blind")
    assert set(blind.values()) == {tmp_path / "blind" / "paper"}
    with pytest.raises(methods.NotRunError, match="weights not available here"):
        methods._folders("flows", "T1", [None], tmp_path / "blind")
    own = tmp_path / "learnt" / "paper" / "Cu"
    own.mkdir()
    (own / ABOUT).write_text("{}")
    assert methods._folders("paper", "creme", ["Cu"], tmp_path / "learnt") == {"Cu": own}
    with pytest.raises(methods.NotRunError, match="no weights for the folds Pd"):
        methods._folders("paper", "creme", ["Cu", "Pd"], tmp_path / "learnt")


def test_settings_are_chosen_without_the_fold_that_is_tested(frames, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        methods.tuning,
        "tuned_otsu",
        lambda some: asked.append({e.name for e in some}) or methods.OtsuEngine(),
    )
    engines, digest = methods.prepare("otsu", "creme", frames, weights=None, work=tmp_path)
    assert sorted(engines) == sorted({one.fold for one in frames})
    for names, fold in zip(asked, sorted(engines), strict=True):
        assert names == {one.name for one in frames if one.fold != fold}
    again, same = methods.prepare("otsu", "creme", frames, weights=None, work=tmp_path)
    assert (len(asked), same) == (3, digest)
    assert again == engines


def test_fold_configurations_train_on_everything_but_what_is_held_out(data, tmp_path):
    base = tmp_path / "base.json"
    base.write_text(json.dumps({"sources": [{"simulate": {"tier": "T1", "count": 2}}], "mode": "flows"}))
    paths = write_fold_configs(tmp_path / "folds", data, base)
    assert [path.parent.name for path in paths] == list(MATERIALS)
    for path, fold in zip(paths, folds(), strict=True):
        config = read_config(path, DetectorConfig)
        assert config.mode == "flows"
        assert sum(one["share"] for one in config.sources) == pytest.approx(1)
        learnt = {one.name for one in read_labelled(config.sources[1]["coco"])}
        assert learnt == {"1", "2", "3"} - fold.held_out["creme"]
    with pytest.raises(ValueError, match="No labelled set"):
        write_fold_configs(tmp_path / "folds", tmp_path)


def command(data, tmp_path, *more):
    call_command(
        "benchmark", "--sets", "creme", "msa-em", "--methods", "classical", "otsu", "paper",
        "--data", str(data), "--work", str(tmp_path / "work"), "--out", str(tmp_path / "page.md"),
        "--resamples", "20", *more,
    )  # fmt: skip


def test_the_command_writes_the_page_and_logs_each_look_once(data, tmp_path, capsys):
    command(data, tmp_path)
    page_path, looks_path = tmp_path / "page.md", tmp_path / "benchmark-looks.csv"
    text = page_path.read_text()
    assert "classical engine" in text
    assert "paper mode (one channel, Dice + BCE): not run: weights not available here." in text
    assert "the set is not on this machine" in text
    assert len(looks_path.read_text().splitlines()) == 1 + 2
    command(data, tmp_path)
    assert len(looks_path.read_text().splitlines()) == 1 + 2
    assert "2 results are in" in capsys.readouterr().out
    truth = read_truth(data / LABELS["creme"])
    assert len(truth) == 3


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--sets", "T9"], "no set “T9”"),
        (["--methods", "magic"], "no method “magic”"),
        (["--frames", "0"], "--frames must be from 1"),
        (["--weights", "nowhere"], "are no folder"),
        (["--out", "nowhere/page.md"], "does not exist"),
        (["--resamples", "-1"], "0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(data, tmp_path, more, words):
    with pytest.raises(CommandError, match=words):
        command(data, tmp_path, *more)
