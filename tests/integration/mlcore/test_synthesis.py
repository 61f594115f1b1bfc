"""Runs that make synthetic frames: what may be asked for, the same bytes again, and going on after a kill."""

import json

import pytest
from django.core.exceptions import ValidationError

from mlcore.models import Run
from mlcore.services.dataset_freeze import run_freeze
from mlcore.services.datasets import freeze_dataset, test_truth
from mlcore.services.execute import execute_run
from mlcore.services.run_folder import synthetic_folder
from mlcore.services.runs import cancel_run, retry_run
from mlcore.services.stored import is_stored, local_folder
from mlcore.services.synthesise_start import start_synthesis
from mlcore.services.work import synthesise
from mlcore.simulation.scene import simulate
from mlcore.simulation.tiers import tier

SMALL = {"tier": "T1", "count": 4, "size_px": 128}


def made(project, by, config=SMALL, seed=7):
    run = start_synthesis(by=by, project=project, config=config, seed=seed)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    return run


def test_it_works(project, owner):
    run = made(project, owner)
    assert (run.status, run.steps_done, run.steps_total) == ("succeeded", 4, 4)
    folder = local_folder(synthetic_folder(run.pk))
    content = json.loads((folder / "coco.json").read_text())
    assert [one["file_name"] for one in content["images"]] == [f"0000{k}.tif" for k in range(4)]
    n = len(simulate(7, 2, tier("T1"), (128, 128)).particles)
    assert sum(one["image_id"] == 3 for one in content["annotations"]) == n
    assert f"{len(content['annotations'])} particles on 4 frames" in run.message


def test_the_same_seed_makes_the_same_bytes(project, owner):
    first, second, third = made(project, owner), made(project, owner), made(project, owner, seed=8)
    files = [
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (local_folder(synthetic_folder(run.pk)) for run in (first, second, third))
    ]
    assert files[0] == files[1]
    assert files[0]["frames/00000.tif"] != files[2]["frames/00000.tif"]


def test_ranges_are_kept(project, owner):
    config = {**SMALL, "tier": "training", "ecd_nm": [20, 30], "particles": [1, 3], "count": 6}
    folder = local_folder(synthetic_folder(made(project, owner, config).pk))
    content = json.loads((folder / "coco.json").read_text())
    # Of the equal sphere that a particle is made from; the shadow of an ellipsoid or a tube differs somewhat.
    assert all(15 <= one["ecd_nm"] <= 40 for one in content["annotations"])
    assert all(image["conditions"]["count"] <= 3 for image in content["images"])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"tier": "T9"}, "no tier “T9”"),
        ({"count": 0}, "number of frames"),
        ({"count": 10_001}, "number of frames"),
        ({"size_px": 4096}, "side of a frame"),
        ({"ecd_nm": [30, 20]}, "diameter in nm must lie from 1 to 100"),
        ({"ecd_nm": [0.1, 20]}, "diameter in nm"),
        ({"dose_e_px": "high"}, "range of two numbers"),
        ({"moon": 1}, "no setting “moon”"),
    ],
)
def test_what_is_out_of_range_is_refused(project, owner, config, words):
    with pytest.raises(ValidationError, match=words):
        start_synthesis(by=owner, project=project, config=config)
    assert not Run.objects.exists()


def test_a_double_click_starts_one(project, owner):
    start_synthesis(by=owner, project=project, config=SMALL, seed=7)
    with pytest.raises(ValidationError, match="makes the same images already"):
        start_synthesis(by=owner, project=project, config=SMALL, seed=7)
    start_synthesis(by=owner, project=project, config=SMALL, seed=8)


def test_a_killed_worker_is_gone_on_with(project, owner, monkeypatch):
    whole = made(project, owner)
    run = start_synthesis(by=owner, project=project, config=SMALL, seed=7)
    make, done, kills = synthesise._make, [], [KeyboardInterrupt]

    def killed_in_the_third(folder, index, *rest):
        if index == 2 and kills:
            raise kills.pop()
        done.append(index)
        make(folder, index, *rest)

    monkeypatch.setattr(synthesise, "_make", killed_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        execute_run(run_pk=run.pk)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, done) == ("succeeded", [0, 1, 2, 3])
    bytes_of = [(local_folder(synthetic_folder(one.pk)) / "coco.json").read_bytes() for one in (whole, run)]
    assert bytes_of[0] == bytes_of[1]


def test_a_cancelled_run_goes_on_where_it_stopped(project, owner, monkeypatch):
    run = start_synthesis(by=owner, project=project, config=SMALL, seed=7)
    make, done = synthesise._make, []

    def cancelled_in_the_second(folder, index, *rest):
        make(folder, index, *rest)
        done.append(index)
        if index == 1:
            Run.objects.filter(pk=run.pk).update(cancel_requested=True)

    monkeypatch.setattr(synthesise, "_make", cancelled_in_the_second)
    monkeypatch.setattr("mlcore.services.beat.HEARTBEAT_S", 0)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert not is_stored(synthetic_folder(run.pk))
    with pytest.raises(ValidationError, match="has not made all its images"):
        freeze_dataset(by=owner, project=project, name="some", runs=[run], with_reviewed=False)
    retry_run(run=run, by=owner)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.steps_done, done) == ("succeeded", 4, [0, 1, 2, 3])
    assert "on 4 frames" in run.message


def test_a_cancel_while_frames_are_stored_is_no_success(project, owner, monkeypatch):
    run = start_synthesis(by=owner, project=project, config=SMALL, seed=7)
    write = synthesise.write_content

    def cancelled(*args):
        Run.objects.filter(pk=run.pk).update(cancel_requested=True)
        write(*args)

    monkeypatch.setattr(synthesise, "write_content", cancelled)
    monkeypatch.setattr("mlcore.services.beat.HEARTBEAT_S", 0)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert not is_stored(synthetic_folder(run.pk))


def test_killed_behind_its_last_step_it_still_says_what_it_made(project, owner):
    run = made(project, owner)
    Run.objects.filter(pk=run.pk).update(status="running", message="", finished_at=None)
    said = run.message
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.message) == ("succeeded", said)


def test_a_dataset_of_synthetic_frames_alone(project, owner):
    run = made(project, owner, {**SMALL, "count": 8})
    row = freeze_dataset(by=owner, project=project, name="made", runs=[run], with_reviewed=False, seed=1)
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert (row.status, row.n_frames, row.composition["origins"]) == ("ready", 8, {"simulated": 8})
    assert row.composition["splits"]["train"]["frames"] == 6
    one = test_truth(row, "test")[0]
    number = int(one.name.rsplit(" ", 1)[1])
    scene = simulate(7, number, tier("T1"), (128, 128))
    assert (one.image() == scene.image).all()
    assert one.truth.sizes["ecd_nm"].tolist() == pytest.approx([p.ecd_nm for p in scene.particles], rel=1e-6)


def test_a_run_that_waits_is_no_source(project, owner):
    run = start_synthesis(by=owner, project=project, config=SMALL)
    with pytest.raises(ValidationError, match="has not made all its images"):
        freeze_dataset(by=owner, project=project, name="made", runs=[run], with_reviewed=False)
    cancel_run(run=run)
    with pytest.raises(ValidationError, match="has not made all its images"):
        freeze_dataset(by=owner, project=project, name="made", runs=[run], with_reviewed=False)
