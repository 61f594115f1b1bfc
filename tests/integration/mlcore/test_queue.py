"""The queue's page and what may be done with a run by hand: pause, resume, retry, notes."""

import json

import pytest
from django.urls import reverse

from annotations.models import Role
from mlcore.models import Dataset, Run
from mlcore.services.runs import cancel_run, end, start_inference, start_run
from tests.factories import make_acquisition, make_frame, make_membership, make_project, make_user
from tests.integration.run_rows import make_run


def test_datasets_that_are_frozen_are_seen_too(client, project, owner):
    mine = Dataset.objects.create(project=project, name="Gold", n_frames=9, n_done=4)
    theirs = make_project(make_user("ines"), name="Hidden project")
    Dataset.objects.create(project=theirs, name="Hidden", n_frames=9)
    client.force_login(owner)
    page = client.get(reverse("queue")).content.decode()
    assert "4 of 9 images" in page
    assert "Hidden" not in page
    (told,) = client.get(reverse("api-queue")).json()["freezing"]
    assert told == {"dataset": mine.pk, "project": project.pk, "n_done": 4, "n_frames": 9}


@pytest.fixture
def run(project, owner):
    make_frame(make_acquisition(project))
    return start_inference(by=owner, project=project, engine="classical")


def do(client, name, run, body=None):
    return client.post(reverse(f"api-run-{name}", args=[run.pk]), body or {}, content_type="application/json")


def test_members_see_their_projects_and_operators_all(client, project, owner, run):
    other = make_project(make_user("ines"), name="Hidden project")
    theirs = make_run(other, status="queued")
    client.force_login(owner)
    page = client.get(reverse("queue")).content.decode()
    assert f"Run {run.pk}" in page
    assert "Hidden project" not in page
    assert "And 1 run of other projects." in page
    state = client.get(reverse("api-queue")).json()
    assert [one["run"] for one in state["waiting"]] == [run.pk]
    assert (state["others_waiting"], state["waiting"][0]["queue"]) == (1, "cpu")
    assert [one["name"] for one in state["queues"]] == ["now", "gpu", "cpu", "io"]
    client.force_login(make_user("root", is_staff=True))
    state = client.get(reverse("api-queue")).json()
    assert {one["run"] for one in state["waiting"]} == {run.pk, theirs.pk}
    assert "Hidden project" in client.get(reverse("queue")).content.decode()


def test_without_a_worker_the_queue_and_the_run_say_so(client, owner, run):
    client.force_login(owner)
    assert "No worker answers" in client.get(reverse("queue")).content.decode()
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "It is the next to begin" in page
    assert "No worker takes such runs at the moment" in page


def test_a_run_is_paused_resumed_and_cancelled(member_client, run):
    assert do(member_client, "pause", run).json()["status"] == "paused"
    again = do(member_client, "pause", run)
    assert (again.status_code, again.json()["detail"]) == (400, f"Run {run.pk} is not running (paused).")
    assert do(member_client, "resume", run).json()["status"] == "queued"
    assert "is not paused" in do(member_client, "resume", run).json()["detail"]
    assert do(member_client, "cancel", run).json()["status"] == "cancelled"
    assert do(member_client, "retry", run).json()["status"] == "queued"
    assert Run.objects.get().dispatch == 3


@pytest.mark.parametrize(("role", "code"), [(Role.VIEWER, 403), (None, 404)])
@pytest.mark.parametrize("name", ["pause", "resume", "retry", "cancel"])
def test_who_may_not(client, project, run, name, role, code):
    user = make_user("someone")
    if role:
        make_membership(project, user, role)
    client.force_login(user)
    assert do(client, name, run).status_code == code
    notes = client.patch(reverse("api-run", args=[run.pk]), {"notes": "x"}, content_type="application/json")
    assert notes.status_code == code
    assert client.post(reverse(f"run-{name}", args=[run.pk])).status_code == code


def test_a_failed_run_is_tried_again_with_what_will_fit(client, project, owner):
    run = start_run(by=owner, project=project, kind="train_detector", config={"batch_size": 8, "steps": 9})
    run.offer = {"batch_size": 4}
    end(run, "failed", "The worker ran out of memory. 4 crops a step will fit.")
    client.force_login(owner)
    answer = do(client, "retry", run, {"with_offer": True})
    assert answer.status_code == 200, answer.json()
    new = Run.objects.get(pk=answer.json()["id"])
    assert (new.parent, new.config, new.status) == (run, {"batch_size": 4, "steps": 9}, "queued")


def test_notes_are_kept_and_bounded(member_client, run):
    address = reverse("api-run", args=[run.pk])
    answer = member_client.patch(address, {"notes": " Good one. "}, content_type="application/json")
    assert answer.json()["notes"] == "Good one."
    long = member_client.patch(address, {"notes": "x" * 10_001}, content_type="application/json")
    assert long.status_code == 400
    assert "10000" in json.dumps(long.json())
    member_client.post(reverse("run-notes", args=[run.pk]), {"notes": "From the page."})
    refused = member_client.post(reverse("run-notes", args=[run.pk]), {"notes": "a\0b"}, follow=True)
    assert "Null characters are not allowed." in refused.content.decode()
    assert Run.objects.get().notes == "From the page."


def test_a_retry_is_refused_while_the_same_is_under_way(member_client, project, owner, run):
    cancel_run(run=run)
    other = start_inference(by=owner, project=project, engine="classical")
    answer = do(member_client, "retry", run)
    assert answer.status_code == 400
    assert f"Run {other.pk} is searching this project already" in answer.json()["detail"]
    assert Run.objects.get(pk=run.pk).status == "cancelled"


def test_runs_are_listed_by_kind(member_client, project, owner, run):
    start_run(by=owner, project=project, kind="train_detector", steps_total=100)
    address = reverse("project-runs", args=[project.pk])
    assert "Train a detector" in member_client.get(address).content.decode()
    rows = member_client.get(address, {"kind": "train_detector"}).context["page"].object_list
    assert [one.kind for one in rows] == ["train_detector"]
    listed = member_client.get(reverse("api-runs"), {"kind": "infer"}).json()["results"]
    assert [one["id"] for one in listed] == [run.pk]
