"""COCO files that are larger than one request has the time for: a worker imports them, once and whole."""

import json
import math
from unittest.mock import ANY

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from annotations.models import Event, Membership, Particle, ParticleImport, Project
from annotations.services import import_particles
from annotations.services import run_particle_import as large
from annotations.services.import_particles import prepare_import, write_import
from tests.factories import make_acquisition, make_calibration, make_frame

N = 20_000
SIDE = 4096


@pytest.fixture
def frames(project):
    frames = [
        make_frame(make_acquisition(project, name=f"{k}.tif"), width_px=SIDE, height_px=SIDE)
        for k in range(4)
    ]
    for frame in frames:
        make_calibration(frame.acquisition, 0.5)
    return frames


def coco_file(n, *, points=12, **over):
    """`n` circles of points on four images; `over` replaces what the last annotation holds."""
    angles = [(math.cos(2 * math.pi * k / points), math.sin(2 * math.pi * k / points)) for k in range(points)]
    annotations = []
    for k in range(n):
        x, y, radius = 50 + k * 37 % 3990, 50 + k * 53 % 3990, 10 + k % 20
        outline = [value for c, s in angles for value in (x + radius * c, y + radius * s)]
        box = [x - radius, y - radius, 2 * radius, 2 * radius]
        annotations.append({"id": k, "image_id": k % 4, "bbox": box, "segmentation": [outline]})
    annotations[-1].update(over)
    images = [{"id": k, "file_name": f"{k}.tif", "width": SIDE, "height": SIDE} for k in range(4)]
    return json.dumps({"images": images, "categories": [], "annotations": annotations}).encode()


def send(client, project, raw, **more):
    file = SimpleUploadedFile("large.json", raw, "application/json")
    return client.post(reverse("api-import-coco", args=[project.pk]), {"file": file, **more})


def nothing_written():
    return not (Particle.objects.exists() or Event.objects.exists())


def seen(client, address):
    return client.get(address).json()


@pytest.mark.slow
def test_20_000_annotations_come_in_by_a_worker(member_client, project, frames, mia):
    answer = send(member_client, project, coco_file(N))
    assert answer.status_code == 202, answer.content
    place = answer["Location"]
    assert seen(member_client, place) | {"id": ANY} == {
        "id": ANY, "file_name": "large.json", "is_trial": False, "status": "queued", "progress": 0.0,
        "message": "",
    }  # fmt: skip
    assert nothing_written()
    row = ParticleImport.objects.get()
    large.run_particle_import(pk=row.pk)
    told = seen(member_client, place)
    assert (told["status"], told["progress"], told["report"]["new"]) == ("done", 1.0, N)
    assert (Particle.objects.count(), Event.objects.count()) == (N, N)
    assert not Particle.objects.exclude(ecd_nm__gt=0).exists()
    row.refresh_from_db()
    assert row.content is None
    page = member_client.get(reverse("particle-import", args=[row.pk])).text
    assert "20,000 particles imported" in page
    assert 'http-equiv="refresh"' not in page
    large.run_particle_import(pk=row.pk)  # the same message, delivered twice
    assert Particle.objects.count() == N


def test_the_page_takes_a_large_file_and_tells_how_far_it_is(member_client, project, frames):
    file = SimpleUploadedFile("large.json", coco_file(5_001), "application/json")
    answer = member_client.post(
        reverse("project-export", args=[project.pk]), {"file": file, "action": "import"}
    )
    row = ParticleImport.objects.get()
    assert answer.url == reverse("particle-import", args=[row.pk])
    assert "Waiting to start" in member_client.get(answer.url).text
    ParticleImport.objects.update(status="running")
    large.cache.set(large._progress_key(row.pk), 0.42)
    page = member_client.get(answer.url).text
    assert "42 % done" in page
    assert 'http-equiv="refresh"' in page


def test_progress_is_told_while_it_works(project, frames, mia, monkeypatch):
    row = large.start_particle_import(project=project, by=mia, raw=coco_file(5_001), name="a.json")
    told, keep = [], large.cache.set
    monkeypatch.setattr(large.cache, "set", lambda key, share, *rest: (told.append(share), keep(key, share)))
    large.run_particle_import(pk=row.pk)
    assert told == sorted(told)
    assert len(told) >= 4
    assert 0 <= told[0] < told[-1] < 1


def test_a_large_check_writes_nothing(member_client, project, frames):
    place = send(member_client, project, coco_file(5_001), dry_run="true")["Location"]
    large.run_particle_import(pk=ParticleImport.objects.get().pk)
    told = seen(member_client, place)
    assert (told["is_trial"], told["report"]["is_done"], told["report"]["new"]) == (True, False, 5_001)
    assert nothing_written()
    page = member_client.get(reverse("particle-import", args=[told["id"]])).text
    assert "Nothing is written yet" in page


@pytest.mark.parametrize(
    ("over", "sentence"),
    [({"bbox": [1, 1, -5, 5]}, "annotations[5000]"), ({"image_id": 99}, "there is no image with the id")],
)
def test_one_bad_annotation_refuses_the_whole_file_in_a_sentence(
    member_client, project, frames, over, sentence
):
    place = send(member_client, project, coco_file(5_001, **over))["Location"]
    large.run_particle_import(pk=ParticleImport.objects.get().pk)
    told = seen(member_client, place)
    assert (told["status"], "report" in told) == ("refused", False)
    assert sentence in told["message"]
    assert nothing_written()
    page = member_client.get(reverse("particle-import", args=[told["id"]])).text
    assert "Nothing was written" in page


def prepared(project, by, n=40, **over):
    return prepare_import(project=project, by=by, raw=coco_file(n, **over))


@pytest.mark.django_db(transaction=True)
def test_what_takes_long_holds_no_lock(project, frames, mia, monkeypatch):
    seen, measure = [], import_particles.measure_particles

    def watched(**particles):
        seen.append(connection.in_atomic_block)
        measure(**particles)

    monkeypatch.setattr(import_particles, "measure_particles", watched)
    row = large.start_particle_import(project=project, by=mia, raw=coco_file(5_001), name="a.json")
    large.run_particle_import(pk=row.pk)
    assert seen == [False] * 4  # once a frame, and not again while it writes
    assert Particle.objects.count() == 5_001


def test_a_calibration_changed_before_writing_is_the_one_that_counts(project, frames, mia):
    whole = prepared(project, mia)
    make_calibration(frames[0].acquisition, 2.0)
    write_import(whole)
    by_frame = Particle.objects.values_list("layer__frame", "calibration__pixel_size_x_nm").distinct()
    assert dict(by_frame) == {frame.pk: 2.0 if frame == frames[0] else 0.5 for frame in frames}


def test_an_image_deleted_before_writing_refuses_the_file_whole(project, frames, mia):
    whole = prepared(project, mia)
    frames[2].acquisition.delete()
    with pytest.raises(ValidationError, match="deleted while the file was read; import it again"):
        write_import(whole)
    assert nothing_written()


def test_a_file_written_meanwhile_is_not_written_twice(project, frames, mia):
    first, second = prepared(project, mia), prepared(project, mia)
    write_import(first)
    report = write_import(second)
    assert (report.counts["new"], report.counts["present"]) == (0, 40)
    assert Particle.objects.count() == 40


def test_who_lost_the_role_meanwhile_imports_nothing(project, frames, mia):
    row = large.start_particle_import(project=project, by=mia, raw=coco_file(5_001), name="a.json")
    Membership.objects.filter(user=mia).delete()
    large.run_particle_import(pk=row.pk)
    row.refresh_from_db()
    assert (row.status, row.message[:23]) == ("refused", "You may no longer chang")
    assert nothing_written()


@pytest.mark.parametrize(("who", "status"), [("zoe", 404), ("vic", 403), (None, 401)])
def test_who_may_not_import(client, project, frames, request, who, status):
    if who:
        client.force_login(request.getfixturevalue(who))
    assert send(client, project, coco_file(5_001)).status_code == status
    assert not ParticleImport.objects.exists()


def test_a_project_has_few_waiting(member_client, project, frames):
    for _ in range(large.ACTIVE_MAX):
        assert send(member_client, project, coco_file(5_001)).status_code == 202
    refused = send(member_client, project, coco_file(5_001))
    assert refused.status_code == 400
    assert "wait already" in refused.json()["detail"]


def test_what_a_lost_worker_left_is_queued_again_once(project, frames, mia):
    row = large.start_particle_import(project=project, by=mia, raw=coco_file(5_001), name="a.json")
    ParticleImport.objects.update(status="running", attempts=1)
    assert large.requeue_lost_particle_imports() == 1  # nobody holds its lease
    row.refresh_from_db()
    assert row.status == "queued"
    assert large.requeue_lost_particle_imports() == 0


def test_a_worker_lost_again_and_again_is_given_up(project, frames, mia):
    row = large.start_particle_import(project=project, by=mia, raw=coco_file(5_001), name="a.json")
    ParticleImport.objects.update(status="running", attempts=large.MAX_ATTEMPTS)
    large.run_particle_import(pk=row.pk)
    row.refresh_from_db()
    assert (row.status, row.content) == ("failed", None)
    assert "tell the operator" in row.message


def test_deleting_the_project_takes_its_imports(project, frames, mia):
    large.start_particle_import(project=project, by=mia, raw=coco_file(5_001), name="a.json")
    Project.objects.filter(pk=project.pk).delete()
    assert not ParticleImport.objects.exists()
