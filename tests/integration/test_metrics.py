"""/metrics: for nobody unless named, the same site for all web processes, and their requests added up."""

import os
import re
import shutil
from pathlib import Path

import pytest

from etemweb.broker import connect
from etemweb.celery import app
from etemweb.embedded import addresses
from etemweb.workers import NICE, WORKERS, beat_age_s, seen
from mlcore.models import Run
from tests.integration.run_rows import make_run
from tests.real_site import ask, running, wait_until

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def value(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    return float(found[1]) if found else None


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, BEARER])
def test_without_a_setting_there_is_no_such_page(client, headers):
    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 404),
        ({"Authorization": "Bearer wrong"}, "127.0.0.1", 404),
        ({"Authorization": TOKEN}, "127.0.0.1", 404),
        ({}, "10.1.2.3", 404),
        ({}, "not an address", 404),
    ],
)
def test_a_stranger_learns_nothing(client, settings, headers, address, status):
    settings.METRICS_TOKEN, settings.METRICS_ALLOWED = TOKEN, ["10.9.0.0/16"]
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


@pytest.fixture
def no_counts(settings):
    """What was counted lies in memory, not in the data directory; workers of tests before are noted still."""
    with connect(settings.CACHE_URL) as server:
        server.delete(WORKERS)
    yield
    shutil.rmtree(addresses.metrics_dir(settings.DATA_DIR), ignore_errors=True)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_web_processes_and_workers_add_up(project, no_counts, tmp_path):
    make_run(project, status=Run.Status.SUCCEEDED)
    app.control.purge()
    over = {"ETEM_METRICS_TOKEN": TOKEN, "ETEM_METRICS_ALLOWED": "192.0.2.0/24"}
    with running(tmp_path, **over) as site:
        one, other = site.web(), site.web()
        login = 'etem_request_seconds_count{method="GET",route="/accounts/login/",status="200"}'
        before = value(ask(f"{one}/metrics", BEARER)[1], login) or 0
        for url in (one, one, other):
            ask(f"{url}/accounts/login/")
        assert ask(f"{one}/metrics")[0] == 404
        status, text = ask(f"{other}/metrics", BEARER)
        assert status == 200
        assert value(text, login) == before + 3
        assert value(text, 'etem_runs{kind="infer",status="succeeded"}') == 1
        assert value(text, "etem_broker_up") == 1
        assert value(text, 'etem_queue_length{queue="io"}') is not None
        assert value(text, 'etem_database_pool{what="pool_size"}') >= 1
        assert "etem_scrape_broken{" not in text

        site.worker("-n", "tests@here", "-l", "WARNING", "--beat", "--schedule", tmp_path / "beat")
        [worker] = wait_until(lambda: [one for one in seen() if one["name"] == "tests@here"])
        assert "io" in worker["queues"]
        assert os.getpriority(os.PRIO_PROCESS, worker["pid"]) == NICE  # pages go first
        group = Path(f"/proc/{worker['pid']}/autogroup")
        assert not group.exists() or group.read_text().endswith(f"nice {NICE}\n")
        # A worker looks for lost work when it starts.
        done = 'etem_task_seconds_count{task="annotations.tasks.requeue_imports_task"}'
        wait_until(lambda: value(ask(f"{one}/metrics", BEARER)[1], done))
        assert value(ask(f"{one}/metrics", BEARER)[1], "etem_workers") == 1
        wait_until(lambda: beat_age_s() is not None)
