"""JSON lines of a real web process and worker: each says which request, person, run and task it is of."""

import io
import json
import logging
import urllib.request

import numpy as np
import pytest

from annotations.services.api_tokens import create_token
from etemweb import logs
from etemweb.celery import app
from mlcore.models import Run
from tests.factories import make_acquisition
from tests.real_site import running, wait_until
from tests.stored import make_stored_frame

JSON = {"ETEM_LOG_FORMAT": "json", "ETEM_LOG_LEVEL": "INFO"}


def lines(log):
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def post(url, token, body, headers=None):
    asked = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    own = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
    for name, value in own.items():
        asked.add_header(name, value)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.headers["X-Request-ID"], json.load(answer)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_run_is_on_every_line_that_it_causes_from_the_click_to_the_worker(project, mia, tmp_path):
    noise = np.random.default_rng(5).integers(900, 1100, (256, 256), dtype=np.uint16)
    make_stored_frame(make_acquisition(project), noise)
    token = create_token(user=mia, name="script")[1]
    app.control.purge()
    with running(tmp_path, **JSON) as site:
        url, worker = site.web(), site.worker("-l", "INFO")
        body = {"project": project.pk, "engine": "classical"}
        given, answer = post(f"{url}/api/v1/runs/", token, body, {"X-Request-ID": "from-the-proxy"})
        run = answer["id"]
        wait_until(lambda: Run.objects.get(pk=run).is_finished)
        done = wait_until(
            lambda: [one for one in lines(worker) if one.get("run") == run and "succeeded" in one["message"]]
        )
        web = lines(site.logs[0])
    assert given == "from-the-proxy"
    [asked] = [one for one in web if one["logger"] == "etemweb.requests" and one.get("status") == 201]
    assert asked["request_id"] == given
    assert asked["user"] == mia.pk
    assert "runs" in asked["route"]
    of_run = [one for one in lines(worker) if one.get("run") == run]
    assert of_run, lines(worker)
    for one in of_run:
        assert one["request_id"] == given
        assert one["user"] == mia.pk
        assert one["task_id"]
    assert done
    assert not [one for one in web + lines(worker) if mia.username in json.dumps(one)]


def record_of(handler_of):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    handler.addFilter(logs.Belonging())
    own = logging.Logger("tests.logs")  # of nobody else's tree
    own.addHandler(handler)
    handler_of(own)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_whatever_is_said():
    def say(logger):
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logger.exception("with “quotes”\nand a break")

    [line] = record_of(say)
    assert line["message"] == "with “quotes”\nand a break"
    assert line["traceback"].endswith("ValueError: two\nlines\n")
    assert line["time"].endswith("Z")


def test_what_a_line_belongs_to_ends_with_the_block():
    def say(logger):
        with logs.belonging_to(run=7):
            logs.belongs_to(project=3)
            logger.warning("inside")
        logger.warning("outside")

    inside, outside = record_of(say)
    assert (inside["run"], inside["project"]) == (7, 3)
    assert "run" not in outside


def test_a_child_is_told_what_it_works_for(monkeypatch):
    with logs.belonging_to(run=7):
        handed = logs.for_child()
    monkeypatch.setenv(*next(iter(handed.items())))
    assert logs._inherited() == {"run": 7}
    monkeypatch.setenv(logs.CHILD_CONTEXT, "not JSON")
    assert logs._inherited() == {}


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b', "a\nb", "é"])
def test_nobody_writes_into_our_log_by_an_id(given):
    own = logs.request_id(given)
    assert own != given
    assert len(own) == 16
