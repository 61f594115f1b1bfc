"""A search shared by workers: each frame once, nothing lost, ended once; projects take turns."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from celery import current_app
from django.core.exceptions import ValidationError
from django.db import connection

from annotations.models import Layer
from mlcore.inference import engine as engines
from mlcore.models import Prediction, Run, RunChunk
from mlcore.services import chunks, execute
from mlcore.services.chunks import begun, next_chunk
from mlcore.services.execute import execute_message, execute_run
from mlcore.services.fair import place_in_line
from mlcore.services.queues import QUEUES
from mlcore.services.requeue import requeue_lost_runs
from mlcore.services.runs import cancel_run, pause_run, resume_run, retry_run, start_inference
from tests.factories import make_acquisition, make_project
from tests.integration.mlcore.test_runs import Stubborn, run_with, store_frame, wait_for
from tests.integration.run_rows import make_run
from tests.processes import environment

TINY = np.full((8, 8), 7, np.uint8)


@pytest.fixture
def stubborn(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "stubborn", f"{Stubborn.__module__}:Stubborn")
    return Stubborn


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_FRAMES", 2)


@pytest.fixture
def sent(monkeypatch):
    """Messages that would be queued: (run, dispatch, queue)."""
    sent = []

    def send(run_pk, dispatch, queue, messages=1):
        sent.extend([(run_pk, dispatch, queue)] * messages)

    for module in (chunks, execute):
        monkeypatch.setattr(module, "send", send)
    monkeypatch.setattr("mlcore.services.runs.send", send)
    return sent


def with_frames(project, n):
    acquisition = make_acquisition(project)
    return [store_frame(acquisition, TINY) for _ in range(n)]


def nothing(on_step):
    return []


def test_frames_are_cut_once_and_messages_are_few(
    project, owner, stubborn, small_chunks, sent, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(chunks, "MESSAGES", 3)
    with_frames(project, 20)
    with django_capture_on_commit_callbacks(execute=True):
        run = run_with(stubborn, nothing, project, owner)
    assert sent == [(run.pk, 1, "cpu")]
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            begun(run.pk)
    assert len(sent) == 3
    assert [len(chunk.frames) for chunk in run.chunks.all()] == [2] * 10
    while sent:  # as workers would
        n_before = len(sent)
        run_pk, dispatch, _ = sent.pop(0)
        execute_message(run_pk=run_pk, dispatch=dispatch)
        assert len(sent) <= n_before
    run.refresh_from_db()
    assert (run.status, run.frames_done, run.attempts) == ("succeeded", 20, 1)
    assert Prediction.objects.count() == Layer.objects.count() == 20


def test_a_message_of_an_earlier_time_does_nothing(project, owner, stubborn, sent):
    with_frames(project, 1)
    run = run_with(stubborn, nothing, project, owner)
    pause_run(run=run)
    resume_run(run=run)
    execute_message(run_pk=run.pk, dispatch=1)
    assert Run.objects.get().status == "queued"
    execute_message(run_pk=run.pk, dispatch=2)
    assert Run.objects.get().status == "succeeded"


def test_a_frame_that_kills_its_workers_is_left_out_and_the_others_are_searched(project, owner, stubborn):
    with_frames(project, 3)
    run = run_with(stubborn, nothing, project, owner)
    begun(run.pk)
    RunChunk.objects.update(attempts=3)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done) == ("succeeded", 3)
    assert run.message.startswith("1 of 3 images could not be searched: The worker was lost 3 times")


def test_memory_that_does_not_suffice_for_an_image_is_told_of_it(project, owner, stubborn):
    with_frames(project, 1)

    def told(on_step):
        raise MemoryError

    run = run_with(stubborn, told, project, owner)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.message) == ("failed", "The worker has not enough memory for this image.")


def test_short_chunks_share_a_message(project, owner, stubborn, small_chunks, sent, monkeypatch):
    monkeypatch.setattr(execute, "TURN_S", 60)
    with_frames(project, 8)
    run = run_with(stubborn, nothing, project, owner)
    execute_message(run_pk=run.pk, dispatch=1)
    run.refresh_from_db()
    assert (run.status, run.frames_done) == ("succeeded", 8)


def test_a_turn_ends_where_a_person_waits(project, owner, stubborn, small_chunks, sent, monkeypatch):
    monkeypatch.setattr(execute, "TURN_S", 60)
    with_frames(project, 8)
    run = run_with(stubborn, nothing, project, owner)
    make_run(project, is_urgent=True, status="queued")
    execute_message(run_pk=run.pk, dispatch=1)
    run.refresh_from_db()
    assert run.status == "running"
    assert 0 < run.frames_done < 8


def test_projects_take_turns(project, owner, stubborn, small_chunks, sent, monkeypatch):
    monkeypatch.setattr(execute, "TURN_S", 0)  # one chunk a message
    other = make_project(owner, name="Other")
    with_frames(project, 12)
    with_frames(other, 4)
    large, small = (run_with(stubborn, nothing, one, owner) for one in (project, other))
    order = []
    while not order or Run.objects.active().exists():
        before = dict(Run.objects.values_list("pk", "frames_done"))
        # Ever the same message: which run is worked on is no matter of whose message comes.
        alive = Run.objects.active().first()
        execute_message(run_pk=alive.pk, dispatch=1)
        after = dict(Run.objects.values_list("pk", "frames_done"))
        order += [pk for pk in after if after[pk] > before[pk]]
    assert order[:4] == [large.pk, small.pk, large.pk, small.pk]
    assert set(order[4:]) == {large.pk}


def test_a_single_image_goes_before_a_batch(
    project, owner, stubborn, sent, django_capture_on_commit_callbacks
):
    frames = with_frames(project, 3)
    batch = run_with(stubborn, nothing, project, owner)
    done = []

    def told(on_step):
        done.append(1)
        if len(done) == 1:
            start_inference(by=owner, project=project, frame=frames[0], engine="stubborn")
        return []

    stubborn.told = staticmethod(told)
    with django_capture_on_commit_callbacks(execute=True):
        execute_message(run_pk=batch.pk, dispatch=1)
    urgent = Run.objects.get(is_urgent=True)
    assert (urgent.pk, 1, "now") in sent
    batch.refresh_from_db()
    assert (batch.status, batch.frames_done) == ("running", 1)  # it stood back after one image
    assert (batch.pk, 1, "cpu") in sent  # and goes on with its message
    execute_message(run_pk=urgent.pk, dispatch=1)
    execute_message(run_pk=batch.pk, dispatch=1)
    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}
    assert RunChunk.objects.filter(attempts__gt=1).count() == 0


def test_a_paused_run_rests_and_goes_on_where_it_stopped(project, owner, stubborn, small_chunks):
    with_frames(project, 4)
    seen = []

    def told(on_step):
        seen.append(1)
        if len(seen) == 2:
            Run.objects.update(pause_requested=True)
            limit = time.monotonic() + 5
            while time.monotonic() < limit:
                on_step(0.5)
                time.sleep(0.05)
            raise AssertionError("not paused")
        return []

    run = run_with(stubborn, told, project, owner)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done) == ("paused", 1)
    with pytest.raises(ValidationError, match="is searching this project already"):
        start_inference(by=owner, project=project, engine="stubborn")
    resume_run(run=run)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done, len(seen)) == ("succeeded", 4, 5)


def test_a_failed_run_is_tried_again_from_where_it_stopped(project, owner, stubborn):
    with_frames(project, 3)
    seen = []

    def told(on_step):
        seen.append(1)
        if len(seen) == 2:
            raise KeyError("a bug")
        return []

    run = run_with(stubborn, told, project, owner)
    with pytest.raises(KeyError):
        execute_run(run_pk=run.pk)
    run = retry_run(run=run, by=owner)
    assert (run.status, run.message, run.finished_at) == ("queued", "", None)
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    assert (run.status, run.frames_done, len(seen)) == ("succeeded", 3, 4)
    assert "Before: Internal error" in run.lines.get().text
    with pytest.raises(ValidationError, match="only one that failed or was cancelled"):
        retry_run(run=run, by=owner)


def test_a_run_whose_worker_is_lost_is_cancelled_at_once(project, owner, stubborn):
    with_frames(project, 2)
    run = run_with(stubborn, nothing, project, owner)
    begun(run.pk)
    assert cancel_run(run=run).status == "cancelled"
    execute_run(run_pk=run.pk)
    assert not Prediction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_a_run_and_a_lost_ones_chunk_is_open_at_once(
    project, owner, stubborn, small_chunks
):
    with_frames(project, 4)
    run = begun(run_with(stubborn, nothing, project, owner).pk)
    first, second = [], []
    gone = threading.Event()

    def other():
        with next_chunk(run) as chunk:
            first.append(chunk.number)
            gone.wait(10)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    wait_for(lambda: first)
    with next_chunk(run) as chunk:
        second.append(chunk.number)
    gone.set()
    thread.join()
    with next_chunk(run) as chunk:
        second.append(chunk.number)
    assert (first, second) == ([0], [1, 0])


def test_who_waits_is_told_how_many_are_before(project, owner, stubborn):
    other = make_project(owner, name="Other")
    with_frames(project, 1)
    with_frames(other, 1)
    runs = [run_with(stubborn, nothing, one, owner) for one in (project, other)]
    more = start_inference(by=owner, project=project, engine="classical")
    assert [place_in_line(run) for run in (*runs, more)] == [0, 1, 2]
    execute_run(run_pk=runs[0].pk)
    assert [place_in_line(Run.objects.get(pk=run.pk)) for run in (*runs, more)] == [None, 0, 1]


@pytest.fixture
def empty_queues():
    """Messages that other tests have left would be taken for the run's own."""
    with current_app.connection_for_write() as broker:
        for queue in QUEUES:
            broker.default_channel.queue_purge(queue)


@pytest.mark.usefixtures("empty_queues")
def test_a_run_without_an_end_gets_it(
    project, owner, stubborn, sent, monkeypatch, django_capture_on_commit_callbacks
):
    """Its last worker died between the last frame and the run's end."""
    with_frames(project, 1)
    run = run_with(stubborn, nothing, project, owner)
    monkeypatch.setattr("mlcore.services.work.infer.join", lambda run: None)
    execute_run(run_pk=run.pk)
    monkeypatch.undo()
    monkeypatch.setitem(engines.ENGINES, "stubborn", f"{Stubborn.__module__}:Stubborn")
    assert Run.objects.get().status == "running"
    assert requeue_lost_runs() == 1
    execute_message(run_pk=run.pk, dispatch=2)
    assert Run.objects.get().status == "succeeded"


def start_worker():
    celery = ["celery", "--quiet", "-A", "etemweb", "worker", "-Q", "now,cpu", "-c", "1", "-l", "ERROR"]
    celery += ["--without-gossip", "--without-mingle", "-n", f"{time.monotonic_ns()}@%h"]
    return subprocess.Popen([sys.executable, "-m", *celery], env=environment(), start_new_session=True)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_are_killed_again_and_again_and_every_frame_is_searched_once(project, owner):
    n = 60
    with_frames(project, n)
    run = start_inference(by=owner, project=project, engine="classical")
    workers = [start_worker(), start_worker()]
    try:
        for kill in range(3):
            wait_for(lambda kill=kill: Prediction.objects.count() >= 10 * (kill + 1) or _is_over(run))
            victim = workers[kill % 2]
            os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
            workers[kill % 2] = start_worker()
        wait_for(lambda: requeue_lost_runs() >= 0 and _is_over(run))
    finally:
        for worker in workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    run.refresh_from_db()
    assert (run.status, run.frames_done) == ("succeeded", n), run.message
    assert Prediction.objects.filter(run=run).values("frame").distinct().count() == n
    assert Layer.objects.count() == n


def _is_over(run):
    return Run.objects.get(pk=run.pk).is_finished
