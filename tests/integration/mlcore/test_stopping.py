"""Pauses, cancels and resumes that cross: what people asked for last is what happens, and soon."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from mlcore.models import Run
from mlcore.services import fresh
from mlcore.services.runs import end, resume_run, retry_run, stop_working
from tests.integration.run_rows import make_run


def running(project, **over):
    values = {
        "kind": "synthesise", "engine": "simulator", "steps_total": 9, "steps_done": 4, "attempts": 1,
        "status": "running", "started_at": timezone.now(),
    }  # fmt: skip
    return make_run(project, **{**values, **over})


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"pause_requested": True}, "paused"),
        ({"pause_requested": True, "cancel_requested": True}, "cancelled"),
        ({}, "queued"),  # resumed before the work had stopped
    ],
)
def test_what_was_asked_for_last_counts(project, asked, status):
    run = running(project)
    Run.objects.filter(pk=run.pk).update(**asked)
    stop_working(run)
    run.refresh_from_db()
    assert (run.status, run.pause_requested, run.steps_done) == (status, False, 4)


def test_a_worker_that_was_overtaken_writes_nothing(project):
    run = running(project)
    Run.objects.filter(pk=run.pk).update(attempts=2, pause_requested=True)
    stop_working(run)
    end(run, Run.Status.FAILED, "An error of long ago.")
    run.refresh_from_db()
    assert (run.status, run.message, run.pause_requested) == ("running", "", True)


def test_rests_are_no_work(project, owner):
    began = timezone.now() - timedelta(hours=10)
    run = running(project, started_at=began)
    Run.objects.filter(pk=run.pk).update(status="paused", heartbeat_at=began + timedelta(seconds=60))
    run.refresh_from_db()
    assert run.seconds == pytest.approx(60, abs=1)
    resume_run(run=run)
    Run.objects.filter(pk=run.pk).update(status="cancelled", finished_at=timezone.now() - timedelta(hours=1))
    run.refresh_from_db()
    assert run.rested_s == pytest.approx(36000 - 60, abs=2)
    assert run.seconds < 61
    retry_run(run=run, by=owner)
    run.refresh_from_db()
    assert run.seconds == pytest.approx(0, abs=61)


@pytest.mark.django_db(transaction=True)
def test_work_that_goes_on_after_a_cancel_is_killed(project, monkeypatch):
    monkeypatch.setattr(fresh, "CANCEL_S", 0.3)
    monkeypatch.setattr(fresh, "LOOK_EVERY_S", 0.1)
    run = running(project, cancel_requested=True)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    begun = time.monotonic()
    code = fresh._ended(process, run.pk)
    assert code < 0
    assert time.monotonic() - begun < 30
    fresh._after_a_kill(run.pk)
    run.refresh_from_db()
    assert (run.status, run.message) == ("cancelled", "Cancelled after 4 of 9 steps; what was made stays.")


@pytest.mark.django_db(transaction=True)
def test_work_that_nobody_cancelled_is_waited_for(project, monkeypatch):
    monkeypatch.setattr(fresh, "CANCEL_S", 0)
    monkeypatch.setattr(fresh, "LOOK_EVERY_S", 0.05)
    run = running(project)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.4)"])
    assert fresh._ended(process, run.pk) == 0
