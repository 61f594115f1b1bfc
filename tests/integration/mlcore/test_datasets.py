"""Datasets: what may be frozen, how it is split, and that nothing of it changes any more."""

import json
import threading

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from annotations.models import Particle
from annotations.services.acquisitions import delete_acquisition
from annotations.services.layers import working_layer
from annotations.services.pixels import tiles_path
from mlcore.data import examples
from mlcore.models import Dataset, DatasetFrame
from mlcore.services import dataset_freeze
from mlcore.services.dataset_freeze import MAX_ATTEMPTS, requeue_lost_datasets, run_freeze
from mlcore.services.datasets import discard_dataset, example_files, freeze_dataset, test_truth
from mlcore.services.stored import local_folder
from tests.factories import make_label_class, make_particle
from tests.integration.edits import add, change, post_edits
from tests.integration.mlcore.dataset_rows import disc_frame, review, reviewed_frames


def frozen(project, by, **over):
    row = freeze_dataset(by=by, project=project, **{"name": "discs", "seed": 3, **over})
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    return row


def test_it_works(project, owner):
    frames = reviewed_frames(project, owner, 6)
    row = frozen(project, owner)
    assert (row.status, row.message, row.version) == ("ready", "", 1)
    assert (row.n_frames, row.n_particles, len(row.sha256)) == (6, 18, 64)
    assert set(row.frames.values_list("split", flat=True)) == {"train", "val", "test"}
    parts = row.composition["splits"]
    assert sum(one["frames"] for one in parts.values()) == 6
    paths = example_files(row, "train")
    assert len(paths) == parts["train"]["frames"]
    example = examples.load(paths[0])
    assert example.image.shape == (160, 160)
    assert len(example.outlines) + len(example.boxes) == 3
    assert example.is_box_only
    assert example.pixel_size_nm == 0.5
    one = test_truth(row, "test")[0]
    assert len(one.truth) == 3
    assert one.image().dtype == np.uint16
    drawn = sorted(Particle.objects.filter(layer__frame=frames[0]).values_list("x", flat=True))
    manifest = json.loads((local_folder(row.folder) / "coco.json").read_text())
    assert {image["split"] for image in manifest["images"]} == {"train", "val", "test"}
    of_first = next(image["id"] for image in manifest["images"] if image["file_name"] == "disc_0.tif")
    in_file = sorted(a["bbox"][0] for a in manifest["annotations"] if a["image_id"] == of_first)
    assert in_file == pytest.approx(drawn, abs=1e-3)


def test_the_same_again_has_the_same_hash_and_other_truth_another(project, owner):
    frames = reviewed_frames(project, owner, 4)
    first, second = frozen(project, owner), frozen(project, owner)
    assert (second.version, second.sha256) == (2, first.sha256)
    assert second.changes["counts"] == {"added": 0, "removed": 0, "pixels": 0, "edited": 0, "moved": 0}
    layer = working_layer(frame=frames[0])
    post_edits(layer, owner, add(x=5, y=5))
    review(frames[0], owner)
    new = disc_frame(project, seed=77, name="new.tif")[0]
    review(new, owner)
    delete_acquisition(acquisition=frames[1].acquisition)
    third = frozen(project, owner)
    assert third.sha256 != first.sha256
    assert third.changes["edited"] == ["disc_0.tif"]
    assert third.changes["added"] == ["new.tif"]
    assert third.changes["removed"] == ["disc_1.tif"]
    assert third.changes["moved"] == []


def test_frames_of_a_movie_and_of_one_specimen_never_part(project, owner):
    movie = disc_frame(project, seed=1, frames=5, name="movie.tif")
    pair = disc_frame(project, seed=2, specimen="grid 7") + disc_frame(project, seed=3, specimen="grid 7")
    others = [one for k in range(4, 9) for one in disc_frame(project, seed=k)]
    for frame in [*movie, *pair, *others]:
        review(frame, owner)
    for seed in range(5):
        row = frozen(project, owner, name=f"seed {seed}", seed=seed)
        for some in (movie, pair):
            assert row.frames.filter(frame__in=some).values("split").distinct().count() == 1


def test_the_same_pixels_under_another_name_never_part(project, owner):
    reviewed_frames(project, owner, 4)
    again = disc_frame(project, seed=0, name="a copy of disc 0.tif")[0]
    review(again, owner)
    for seed in range(4):
        row = frozen(project, owner, name=f"seed {seed}", seed=seed)
        same = row.frames.filter(name__in=["disc_0.tif", "a copy of disc 0.tif"])
        assert same.values("split").distinct().count() == 1


def test_like_frames_across_splits_are_told(project, owner):
    reviewed_frames(project, owner, 3)
    for k in range(3):  # each once more, with other noise: the same place, shot again
        frame = disc_frame(project, seed=k, name=f"again_{k}.tif", noise=0.12)[0]
        review(frame, owner)
    row = frozen(project, owner)
    splits = dict(row.frames.values_list("name", "split"))
    apart = {k for k in range(3) if splits[f"disc_{k}.tif"] != splits[f"again_{k}.tif"]}
    told = {one["one"]["name"][-5] for one in row.leaks}
    assert apart == {int(k) for k in told}
    assert all(one["one"]["split"] != one["other"]["split"] for one in row.leaks)


def test_what_is_drawn_while_a_worker_freezes_is_not_in_it(project, owner):
    frames = reviewed_frames(project, owner, 3)
    layer = working_layer(frame=frames[0])
    post_edits(layer, owner, added := add(x=60, y=60))
    layer = review(frames[0], owner)
    n = layer.particles.count()
    row = freeze_dataset(by=owner, project=project, name="discs", seed=0)
    post_edits(layer, owner, add(x=1, y=1), change(added["particle"], 1, x=90, y=90, width=30, height=40))
    Particle.objects.filter(layer=layer).exclude(id=added["particle"]).delete()  # the ledger never had these
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert row.status == "ready", row.message
    stored = row.frames.get(frame=frames[0])
    truth = json.loads((local_folder(row.folder) / stored.file).with_suffix(".json").read_text())["truth"]
    assert n == 4
    assert [one["bbox"][:2] for one in truth] == [[60, 60]]


def test_images_of_one_name_are_told_apart(project, owner):
    for k in range(4):
        review(disc_frame(project, seed=k, name="disc.tif")[0], owner)
    row = frozen(project, owner)
    names = set(row.frames.values_list("name", flat=True))
    assert names == {"disc.tif", "disc.tif (2)", "disc.tif (3)", "disc.tif (4)"}
    files = [path for part in ("train", "val", "test") for path in example_files(row, part)]
    assert {examples.load(path).name for path in files} == names


def test_examples_of_an_earlier_dataset_are_taken_over(project, owner, monkeypatch):
    reviewed_frames(project, owner, 3)
    first = frozen(project, owner)
    monkeypatch.setattr(dataset_freeze.frozen, "example_of", lambda *args: 1 / 0)
    second = frozen(project, owner)
    assert (second.status, second.sha256) == ("ready", first.sha256)
    for file in ("frames/000000.npz", "frames/000001.npz"):
        assert (local_folder(second.folder) / file).read_bytes() == (
            local_folder(first.folder) / file
        ).read_bytes()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "No image of this project is reviewed yet"), (2, "2 images of 2 specimens")],
)
def test_too_little_is_refused(project, owner, count, words):
    reviewed_frames(project, owner, count)
    with pytest.raises(ValidationError, match=words):
        freeze_dataset(by=owner, project=project, name="discs")
    assert not Dataset.objects.exists()


def test_unreviewed_and_edited_images_are_refused(project, owner):
    frames = reviewed_frames(project, owner, 4)
    post_edits(working_layer(frame=frames[0]), owner, add())
    with pytest.raises(ValidationError, match=r"1 of 4 images is not reviewed \(“disc_0.tif”\)"):
        freeze_dataset(by=owner, project=project, name="discs", frames=[one.pk for one in frames])
    assert frozen(project, owner).n_frames == 3
    with pytest.raises(ValidationError, match="not in this project"):
        freeze_dataset(by=owner, project=project, name="discs", frames=[10**9])


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"name": "  "}, "Give the dataset a name"),
        ({"name": "x" * 81}, "at most 80"),
        ({"seed": -1}, "from 0"),
        ({"specimen_by": "moon"}, "Choose one of"),
        ({"words": "nowhere"}, "has the words"),
    ],
)
def test_bad_settings_are_refused(project, owner, over, words):
    reviewed_frames(project, owner, 3)
    with pytest.raises(ValidationError, match=words):
        freeze_dataset(**{"by": owner, "project": project, "name": "discs", **over})


def test_unreadable_pixels_fail_it_with_one_sentence_and_leave_nothing(project, owner, settings):
    frames = reviewed_frames(project, owner, 3)
    tiles_path(frames[1]).write_bytes(b"no tiles")
    row = frozen(project, owner)
    assert row.status == "failed"
    assert row.message.startswith("The pixels of “disc_1.tif” cannot be read")
    assert not row.frames.exists()
    assert not (settings.STORAGE_DIR / "datasets" / str(row.pk)).exists()
    assert not (settings.DATA_DIR / "freezing" / str(row.pk)).exists()
    discard_dataset(dataset=row)
    assert not Dataset.objects.exists()


def test_images_without_any_particle_are_no_dataset(project, owner):
    frames = reviewed_frames(project, owner, 3)
    Particle.objects.filter(layer__frame__in=frames).delete()
    row = frozen(project, owner)
    assert (row.status, "no particle at all" in row.message) == ("failed", True)


def test_one_class_and_few_specimens_are_told(project, owner):
    gold = make_label_class(project)
    frames = reviewed_frames(project, owner, 3)
    Particle.objects.filter(layer__frame__in=frames).update(label_class=gold)
    notes = " ".join(frozen(project, owner).composition["notes"])
    assert "one class (nanoparticle)" in notes
    assert "only 3 specimens" in notes


def test_a_double_click_freezes_one(project, owner):
    reviewed_frames(project, owner, 3)
    freeze_dataset(by=owner, project=project, name="discs")
    with pytest.raises(ValidationError, match="being frozen already"):
        freeze_dataset(by=owner, project=project, name="discs")
    assert Dataset.objects.count() == 1


def test_a_ready_one_never_changes(project, owner):
    frames = reviewed_frames(project, owner, 3)
    row = frozen(project, owner)
    with pytest.raises(ValidationError, match="never change"):
        discard_dataset(dataset=row)
    first = row.frames.first()
    for change_it in (
        lambda: Dataset.objects.filter(pk=row.pk).update(seed=9),
        lambda: DatasetFrame.objects.filter(pk=first.pk).update(split="test", n_particles=99),
        lambda: DatasetFrame.objects.create(dataset=row, name="one more", split="train"),
    ):
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            change_it()
    assert not (local_folder(row.folder) / first.file).stat().st_mode & 0o222
    # The image may go: what it showed stays.
    delete_acquisition(acquisition=frames[0].acquisition)
    assert row.frames.filter(frame=None).count() == 1
    assert len(example_files(row, "train") + example_files(row, "val") + example_files(row, "test")) == 3


def test_a_killed_worker_is_gone_on_with(project, owner, monkeypatch):
    reviewed_frames(project, owner, 4)
    whole = frozen(project, owner, name="unbroken")
    row = freeze_dataset(by=owner, project=project, name="discs", seed=3)
    write, written, kills = dataset_freeze._write_frame, [], [KeyboardInterrupt]

    def killed_in_the_third(folder, number, *rest):
        if number == 2 and kills:
            raise kills.pop()
        written.append(number)
        return write(folder, number, *rest)

    monkeypatch.setattr(dataset_freeze, "_write_frame", killed_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert row.status == "freezing"
    assert not row.frames.exists()
    assert requeue_lost_datasets() == 1
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert (row.status, row.sha256, written) == ("ready", whole.sha256, [0, 1, 2, 3])


def test_killed_between_the_storage_and_the_rows_it_goes_on(project, owner, monkeypatch):
    reviewed_frames(project, owner, 3)
    row = freeze_dataset(by=owner, project=project, name="discs", seed=3)
    make_ready = dataset_freeze._make_ready
    monkeypatch.setattr(dataset_freeze, "_make_ready", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _not_failing(monkeypatch, row)
    monkeypatch.setattr(dataset_freeze, "_make_ready", make_ready)
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert row.status == "ready"
    assert row.frames.count() == 3


def _not_failing(monkeypatch, row):
    with monkeypatch.context() as patch:
        patch.setattr(dataset_freeze, "_fail", lambda *args: None)  # a kill writes no sentence
        run_freeze(dataset_pk=row.pk)


def test_a_worker_lost_too_often_ends_it(project, owner):
    reviewed_frames(project, owner, 3)
    row = freeze_dataset(by=owner, project=project, name="discs")
    Dataset.objects.filter(pk=row.pk).update(attempts=MAX_ATTEMPTS)
    run_freeze(dataset_pk=row.pk)
    row.refresh_from_db()
    assert row.status == "failed"
    assert "lost 3 times" in row.message


def test_who_was_in_the_test_part_stays_there(project, owner):
    reviewed_frames(project, owner, 5)
    first = frozen(project, owner)
    for k in range(50, 56):
        frame = disc_frame(project, seed=k, name=f"new_{k}.tif")[0]
        review(frame, owner)
    second = frozen(project, owner)
    before, after = (dict(row.frames.values_list("name", "split")) for row in (first, second))
    assert {name: after[name] for name in before} == before


def test_drawn_outlines_and_boxes_of_one_frame(project, owner):
    frames = reviewed_frames(project, owner, 3)
    layer = working_layer(frame=frames[0])
    ring = [[20 + 10 * np.cos(a), 20 + 10 * np.sin(a)] for a in np.linspace(0, 6, 30)]
    make_particle(layer, x=10, y=10, width=20, height=20, outline=ring)
    row = frozen(project, owner)
    stored = row.frames.get(frame=frames[0])
    example = examples.load(local_folder(row.folder) / stored.file)
    assert not example.is_box_only
    known = np.isfinite(example.sizes[:, 0])
    assert known.sum() == 1
    assert example.sizes[known, 0] == pytest.approx([20], abs=0.6)


@pytest.mark.django_db(transaction=True)
def test_two_workers_freeze_it_once(project, owner):
    reviewed_frames(project, owner, 3)
    row = freeze_dataset(by=owner, project=project, name="discs")

    def work():
        try:
            run_freeze(dataset_pk=row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row.refresh_from_db()
    assert (row.status, row.frames.count(), row.attempts) == ("ready", 3, 1)
