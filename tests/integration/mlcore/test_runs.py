"""Runs: who may start them, what they leave behind, and what becomes of one whose worker dies."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from django.db import connection
from django.urls import reverse

from annotations.display import tiles
from annotations.models import Frame, Layer, Particle, Role
from annotations.services.pixels import tiles_path
from mlcore.inference import engine as engines
from mlcore.inference.graphics import LEFT_OUT
from mlcore.models import Prediction, Run, RunChunk
from mlcore.services.chunks import begun
from mlcore.services.execute import execute_run
from mlcore.services.lease import lease
from mlcore.services.requeue import requeue_lost_runs
from mlcore.services.runs import cancel_run, start_inference
from mlcore.services.work.infer import MAX_ATTEMPTS
from tests import phantoms
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_frame,
    make_label_class,
    make_membership,
    make_project,
    make_user,
)
from tests.processes import environment

DISCS = [(40, 40, 20), (100, 60, 30), (60, 120, 24)]


def store_frame(acquisition, image=None, **over):
    image = phantoms.micrograph(160, DISCS) if image is None else image
    frame = make_frame(
        acquisition, width_px=image.shape[1], height_px=image.shape[0], dtype=str(image.dtype), **over
    )
    tiles_path(frame).parent.mkdir(parents=True)
    tiles.write_tiles(image, tiles_path(frame))
    return frame


@pytest.fixture
def frame(project):
    return store_frame(make_acquisition(project))


def start_by_http(client, project):
    return client.post(reverse("api-runs"), {"project": project.pk}, content_type="application/json")


def test_it_works(project, owner, frame):
    label_class = make_label_class(project)
    calibration = make_calibration(frame.acquisition, 0.5)
    run = start_inference(by=owner, project=project)
    assert (run.status, run.frames_total) == ("queued", 1)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done, run.particles_found, run.message) == ("succeeded", 1, 3, "")
    layer = Layer.objects.get(kind=Layer.Kind.SUGGESTION)
    assert layer.prediction.run == run
    particles = layer.particles.all()
    assert {(p.origin, p.decision, p.label_class_id) for p in particles} == {
        ("suggested", "pending", label_class.pk)
    }
    assert {p.calibration_id for p in particles} == {calibration.pk}
    # Flat discs seem a little larger to a network that learnt from spheres.
    assert sorted(p.ecd_nm for p in particles) == pytest.approx([10, 12, 15], rel=0.05)


def test_what_was_left_out_is_said(project, owner):
    image = np.clip(10 * phantoms.micrograph(240, DISCS, noise=0.1), 0, 254).astype(np.uint8)
    image[210:240] = 0
    image[222:228, 20:90] = 255
    store_frame(make_acquisition(project), image)
    run = start_inference(by=owner, project=project)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert run.message == f"1 of 1 images: {LEFT_OUT}"


def test_without_a_calibration_there_is_no_nm(project, owner, frame):
    run = start_inference(by=owner, project=project, frame=frame)
    execute_run(run_pk=run.pk)
    assert set(Particle.objects.values_list("ecd_nm", "calibration")) == {(None, None)}
    assert Particle.objects.filter(ecd_px__gt=10).count() == 3


@pytest.mark.parametrize(("role", "code"), [(Role.ANNOTATOR, 201), (Role.VIEWER, 403), (None, 404)])
def test_who_may_start_a_run(client, project, frame, role, code):
    user = make_user("someone")
    if role:
        make_membership(project, user, role)
    client.force_login(user)
    answer = start_by_http(client, project)
    assert answer.status_code == code
    assert Run.objects.count() == (code == 201)
    one_frame = client.post(reverse("api-runs"), {"frame": frame.pk}, content_type="application/json")
    assert one_frame.status_code == code


@pytest.mark.parametrize(
    ("role", "seen", "stopped"), [(Role.ANNOTATOR, 200, 200), (Role.VIEWER, 200, 403), (None, 404, 404)]
)
def test_who_may_see_and_cancel_a_run(client, project, owner, frame, role, seen, stopped):
    run = start_inference(by=owner, project=project)
    user = make_user("someone")
    if role:
        make_membership(project, user, role)
    client.force_login(user)
    assert client.get(reverse("api-run", args=[run.pk])).status_code == seen
    assert client.get(reverse("run", args=[run.pk])).status_code == seen
    assert client.get(reverse("project-runs", args=[project.pk])).status_code == seen
    assert [row["id"] for row in client.get(reverse("api-runs")).json()["results"]] == [run.pk] * (
        seen == 200
    )
    assert client.post(reverse("api-run-cancel", args=[run.pk])).status_code == stopped
    assert Run.objects.get().status == ("cancelled" if stopped == 200 else "queued")


def test_a_second_run_of_the_same_is_refused_while_the_first_is_active(member_client, project, frame):
    assert start_by_http(member_client, project).status_code == 201
    again = start_by_http(member_client, project)
    assert again.status_code == 400
    assert "is searching this project already" in again.json()["detail"]
    cancel_run(run=Run.objects.get())
    assert start_by_http(member_client, project).status_code == 201


def test_a_double_click_on_the_page_starts_one(member_client, project, frame):
    for _ in range(2):
        member_client.post(reverse("project-run-start", args=[project.pk]), {"engine": "classical"})
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"engine": "magic"}, "not a valid choice"),
        ({"config": {"depth": 3}}, "has no settings, but got: depth"),
        ({"project": None}, "null"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(member_client, project, frame, body, sentence):
    answer = member_client.post(
        reverse("api-runs"), {"project": project.pk, **body}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert sentence in json.dumps(answer.json())
    assert not Run.objects.exists()


def test_neither_project_nor_frame_is_refused(member_client):
    answer = member_client.post(reverse("api-runs"), {}, content_type="application/json")
    assert answer.status_code == 400
    assert "Say which" in json.dumps(answer.json())


def test_a_frame_of_another_project_is_refused(client, project, owner, frame):
    other = make_project(owner, name="Other")
    client.force_login(owner)
    body = {"project": other.pk, "frame": frame.pk}
    answer = client.post(reverse("api-runs"), body, content_type="application/json")
    assert answer.status_code == 400
    assert "another project" in json.dumps(answer.json())


def test_a_project_without_images_says_so(member_client, project):
    make_acquisition(project, status="importing")
    answer = start_by_http(member_client, project)
    assert answer.status_code == 400
    assert "no image to search yet" in answer.json()["detail"]
    page = member_client.get(reverse("project-runs", args=[project.pk])).content.decode()
    assert "No image to search yet" in page


def test_delivered_twice_it_is_done_once(project, owner, frame):
    run = start_inference(by=owner, project=project)
    for _ in range(2):
        execute_run(run_pk=run.pk)
    assert Prediction.objects.count() == 1
    assert Particle.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_while_one_worker_has_it_another_does_nothing(project, owner, frame):
    run = start_inference(by=owner, project=project)
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [0x5255, run.pk])
        with lease(run.pk) as is_ours:
            assert not is_ours
        execute_run(run_pk=run.pk)
        assert Run.objects.get().status == "queued"
    finally:
        holder.close()


def test_what_was_found_before_is_kept_and_the_rest_is_done(project, owner):
    frames = [store_frame(make_acquisition(project)) for _ in range(3)]
    run = start_inference(by=owner, project=project)
    execute_run(run_pk=run.pk)
    Prediction.objects.filter(frame=frames[2]).first().layer.delete()
    RunChunk.objects.update(is_done=False)
    Run.objects.update(status="running", particles_found=6, frames_done=2)
    before = set(Layer.objects.values_list("pk", flat=True))
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done, run.particles_found) == ("succeeded", 3, 9)
    assert before < set(Layer.objects.values_list("pk", flat=True))


def test_a_run_that_kills_its_workers_ends(project, owner, frame):
    run = start_inference(by=owner, project=project)
    begun(run.pk)
    RunChunk.objects.update(attempts=MAX_ATTEMPTS)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.status == "failed"
    assert "lost 3 times" in run.message


class Stubborn:
    """An engine that does as it is told, in place of one that is hard to make fail."""

    name, version = "stubborn", "1"
    told = None

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        return type(self).told(on_step)


@pytest.fixture
def stubborn(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "stubborn", f"{__name__}:Stubborn")
    return Stubborn


def run_with(stubborn, told, project, owner):
    stubborn.told = staticmethod(told)
    run = start_inference(by=owner, project=project, engine="stubborn")
    return run


def test_a_valueerror_is_told_as_it_is(project, owner, frame, stubborn):
    def told(on_step):
        raise ValueError("More than half of the frame's pixels hold no number.")

    run = run_with(stubborn, told, project, owner)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.message) == ("failed", "More than half of the frame's pixels hold no number.")


def test_a_bug_is_told_by_number_and_its_traceback_kept(client, project, owner, frame, stubborn):
    def told(on_step):
        raise KeyError("secret detail")

    run = run_with(stubborn, told, project, owner)
    with pytest.raises(KeyError):
        execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.message == f"Internal error, run {run.pk}; please tell the operator."
    assert "secret detail" in run.traceback
    client.force_login(owner)
    assert "secret detail" not in client.get(reverse("run", args=[run.pk])).content.decode()
    assert "secret detail" not in client.get(reverse("api-run", args=[run.pk])).content.decode()


def test_one_bad_image_does_not_stop_the_others(project, owner, stubborn):
    for _ in range(2):
        store_frame(make_acquisition(project))
    answers = iter([ValueError("The frame holds nothing."), []])

    def told(on_step):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    run = run_with(stubborn, told, project, owner)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done) == ("succeeded", 2)
    assert run.message == "1 of 2 images could not be searched: The frame holds nothing."


def test_a_cancelled_run_stops_inside_a_frame_and_leaves_no_half_layer(project, owner, frame, stubborn):
    def told(on_step):
        Run.objects.update(cancel_requested=True)
        limit = time.monotonic() + 5
        while time.monotonic() < limit:
            on_step(0.5)
            time.sleep(0.05)
        raise AssertionError("not stopped")

    run = run_with(stubborn, told, project, owner)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert not Layer.objects.exists()


def test_an_ended_run_cannot_be_cancelled(member_client, project, owner, frame):
    run = start_inference(by=owner, project=project)
    execute_run(run_pk=run.pk)
    answer = member_client.post(reverse("api-run-cancel", args=[run.pk]))
    assert answer.status_code == 400
    assert "has ended already" in answer.json()["detail"]


def test_the_pages_show_what_was_found(member_client, project, owner, frame):
    run = start_inference(by=owner, project=project)
    page = member_client.get(reverse("run", args=[run.pk])).content.decode()
    assert "Waiting to start" in page
    execute_run(run_pk=run.pk)
    page = member_client.get(reverse("run", args=[run.pk])).content.decode()
    assert reverse("frame", args=[frame.pk]) in page
    listed = member_client.get(reverse("project-runs", args=[project.pk])).content.decode()
    assert f"Run {run.pk}" in listed
    assert "1 of 1" in listed


def uncalibrated(client, project):
    return client.get(reverse("project-runs", args=[project.pk])).context["n_uncalibrated"]


def test_the_page_counts_images_without_a_calibration_in_force(member_client, project):
    acquisition = make_acquisition(project)
    make_frame(acquisition)
    second = make_frame(acquisition)
    assert uncalibrated(member_client, project) == 2
    make_calibration(acquisition, 0.5, is_adopted=False)  # only what a file says
    assert uncalibrated(member_client, project) == 2
    make_calibration(acquisition, 0.5, frame=second)
    assert uncalibrated(member_client, project) == 1
    make_calibration(acquisition, 0.6)
    assert uncalibrated(member_client, project) == 0
    make_calibration(acquisition, None, source="withdrawn")
    assert uncalibrated(member_client, project) == 2
    make_calibration(acquisition, 0.7)
    make_frame(acquisition, unsizeable_reason="It is a spectrum.")
    assert uncalibrated(member_client, project) == 1


def worker():
    celery = ["celery", "-A", "etemweb", "worker", "-Q", "now,cpu", "-c", "1", "-l", "ERROR"]
    return subprocess.Popen([sys.executable, "-m", *celery], env=environment(), start_new_session=True)


def wait_for(condition, limit_s=90):
    limit = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < limit, "waited too long"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(project, owner):
    acquisition = make_acquisition(project)
    image = phantoms.micrograph(400, phantoms.grid_discs(400, 24, 20))
    for _ in range(12):
        store_frame(acquisition, image)
    first = worker()
    try:
        run = start_inference(by=owner, project=project)
        wait_for(lambda: Prediction.objects.count() >= 3)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert Run.objects.get().status == "running"
    second = worker()
    try:
        requeue_lost_runs()
        wait_for(lambda: Run.objects.get().is_finished)
    finally:
        os.killpg(second.pid, signal.SIGTERM)
        second.wait(timeout=60)
    run.refresh_from_db()
    assert (run.status, run.frames_done, run.attempts) == ("succeeded", 12, 2)
    assert (
        Prediction.objects.filter(run=run).values("frame").distinct().count() == Frame.objects.count() == 12
    )
    assert Layer.objects.count() == 12
    assert run.particles_found == Particle.objects.count()
    counts = {layer.particles.count() for layer in Layer.objects.all()}
    assert len(counts) == 1  # the same image gives the same particles, whoever searched it
