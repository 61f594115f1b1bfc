"""Comparisons of two models on live images: figures for people, suggestions for nobody; and the queue."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from annotations.models import Event, Layer, Particle, Role
from mlcore.models import ComparedFrame, Prediction, Run
from mlcore.services import next_frames
from mlcore.services.compare_start import start_ranking, start_shadow, waiting_frames
from mlcore.services.execute import execute_run
from mlcore.services.runs import start_inference
from mlcore.services.shadow import shadow_report
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_layer,
    make_membership,
    make_user,
)
from tests.integration.mlcore.test_runs import store_frame
from tests.integration.model_rows import make_dataset, make_model, make_promotion
from tests.integration.run_rows import make_run


@pytest.fixture
def frames(project):
    return [store_frame(make_acquisition(project)) for _ in range(2)]


def done(run):
    execute_run(run_pk=run.pk)
    run.refresh_from_db()
    return run


def compared(project, *rows, purpose="next", **over):
    """A comparison that is over, of (frame, values) as rows."""
    config = {"purpose": purpose, "second": {"engine": "classical", "model": None}, "frames": []}
    run = make_run(
        project, kind=Run.Kind.COMPARE, engine="network", config=config, status="succeeded", **over
    )
    for frame, values in rows:
        ComparedFrame.objects.create(run=run, frame=frame, **values)
    return run


def test_it_works(client, project, owner, frames, tmp_path):
    model = make_model(project, tmp_path)
    make_calibration(frames[0].acquisition, 0.5)
    run = done(start_shadow(by=owner, candidate=model))
    assert (run.status, run.steps_done) == ("succeeded", 2)
    assert run.message == "They agree on 100% of what they found on 2 images."
    rows = [run.compared_frames.get(frame=frame) for frame in frames]
    assert [(one.n_first, one.n_second, one.n_both, one.agreement) for one in rows] == [(3, 3, 3, 1.0)] * 2
    assert rows[0].sizes["unit"] == "nm"
    assert rows[0].sizes["first"] == rows[0].sizes["second"]
    assert len(rows[0].features) > 100
    assert rows[0].strangeness is not None
    assert 0 < rows[0].interval_width < 1
    report = shadow_report(run)
    assert (report["n_first"], report["agreement"]) == (6, 1.0)
    assert [(one["unit"], sum(one["first"])) for one in report["histograms"]] == [("nm", 3), ("px", 3)]
    client.force_login(owner)
    assert "frame-table" in client.get(reverse("model-shadow", args=[model.pk])).content.decode()


def test_a_model_on_trial_suggests_nothing(project, owner, frames, tmp_path):
    done(start_shadow(by=owner, candidate=make_model(project, tmp_path)))
    assert not Layer.objects.exists()
    assert not Particle.objects.exists()
    assert not Prediction.objects.exists()


def test_only_frames_that_neither_learnt_from(project, owner, frames, tmp_path):
    model = make_model(project, tmp_path)
    model.dataset = make_dataset(project, tmp_path, splits=("train", "test"), frames=frames)
    model.save()
    assert start_shadow(by=owner, candidate=model).config["frames"] == [frames[1].pk]
    frames[1].acquisition.delete()
    Run.objects.filter(kind="compare").delete()
    with pytest.raises(ValidationError, match="no image that neither model learnt from"):
        start_shadow(by=owner, candidate=model)


def test_one_sentence_where_it_cannot_be(project, owner, frames, tmp_path):
    model = make_model(project, tmp_path)
    with pytest.raises(ValidationError, match="takes 1 to 200 images"):
        start_shadow(by=owner, candidate=model, n_frames=0)
    make_promotion(project, model)
    with pytest.raises(ValidationError, match="is the champion; there is nothing to compare it with"):
        start_shadow(by=owner, candidate=model)


def test_a_run_goes_on_behind_the_last_frame(project, owner, frames, tmp_path):
    run = start_shadow(by=owner, candidate=make_model(project, tmp_path))
    ComparedFrame.objects.create(run=run, frame=frames[0], n_first=77)
    done(run)
    assert run.compared_frames.get(frame=frames[0]).n_first == 77
    assert run.compared_frames.count() == 2


def test_the_project_is_searched_with_its_champion(project, owner, frames, tmp_path):
    """And what it suggests says which: the hash of its weights is on each particle and prediction."""
    model = make_model(project, tmp_path)
    make_promotion(project, model)
    run = done(start_inference(by=owner, project=project, engine="network"))
    assert run.model_version == model
    assert run.code_version.endswith(model.sha256[:12])
    assert set(Prediction.objects.values_list("engine_version", flat=True)) == {run.code_version}
    assert {one.engine for one in Particle.objects.all()} == {f"network {run.code_version}"}
    classical = start_inference(by=owner, project=project, engine="classical")
    assert classical.model_version is None
    with pytest.raises(ValidationError, match="has no weights"):
        start_inference(by=owner, project=project, engine="classical", model_version=model)


def test_a_ranking_orders_what_waits(client, project, owner, frames):
    run = done(start_ranking(by=owner, project=project))
    assert run.config["second"] == {"engine": "classical", "model": None}
    ranking, waiting = next_frames.queue(project)
    assert ranking == run
    assert sorted(one.frame.pk for one in waiting) == [one.pk for one in frames]
    client.force_login(owner)
    page = client.get(reverse("project-next", args=[project.pk])).content.decode()
    names = [one.frame.acquisition.name for one in waiting]
    assert page.index(names[0]) < page.index(names[1])


def test_reasons_are_told(project, frames):
    strange = {
        "agreement": 0.25,
        "n_first": 6,
        "n_second": 2,
        "n_both": 1,
        "strangeness": 1.5,
        "interval_width": 0.5,
    }
    compared(project, (frames[0], {"agreement": 1.0, "strangeness": -3}), (frames[1], strange))
    _, (first, second) = next_frames.queue(project)
    assert first.frame == frames[1]
    assert first.reasons == [
        "The network and the classical engine agree on 25%: 6 and 2 particles, 1 the same.",
        "It looks unlike what the network learnt from.",
        "Its sizes are unsure: the 90 % intervals are 50% of them wide.",
    ]
    assert second.reasons == ["It looks unlike the frames before it in this list."]


def test_next_goes_on_and_leaves_out_what_was_done(client, project, owner, frames):
    third = store_frame(make_acquisition(project))
    rows = [(frames[0], 0.1), (frames[1], 0.5), (third, 0.9)]
    compared(project, *((frame, {"agreement": share}) for frame, share in rows))
    client.force_login(owner)
    answer = client.post(reverse("frame-next", args=[frames[0].pk]))
    assert answer["Location"] == f"{frames[1].get_absolute_url()}?queue=1"
    assert "queue-next" in client.get(answer["Location"]).content.decode()
    assert "queue-next" not in client.get(frames[1].get_absolute_url()).content.decode()
    layer = make_layer(frames[1], sequence=1)
    Event.objects.create(
        layer=layer, sequence=1, action="add", version=1, actor=owner,
        **{key: uuid.uuid4() for key in ("edit", "group", "particle_id")},
    )  # fmt: skip
    answer = client.post(reverse("frame-next", args=[frames[0].pk]))
    assert answer["Location"].startswith(third.get_absolute_url())
    # From one that was done meanwhile it goes on behind its own place, not from the start.
    assert client.post(reverse("frame-next", args=[frames[1].pk]))["Location"] == answer["Location"]
    answer = client.post(reverse("frame-next", args=[third.pk]), follow=True)
    assert "That was the last image of the queue." in answer.content.decode()


def test_reviewed_frames_wait_no_more(project, owner, frames):
    make_layer(frames[0], sequence=3, reviewed_sequence=3)
    make_layer(frames[1], sequence=4, reviewed_sequence=3)
    assert list(waiting_frames(project)) == [frames[1]]
    make_run(project)
    Layer.objects.update(reviewed_sequence=4, sequence=4)
    with pytest.raises(ValidationError, match="No image waits to be annotated"):
        start_ranking(by=owner, project=project)


@pytest.mark.parametrize(("role", "code"), [(Role.ANNOTATOR, 302), (Role.VIEWER, 403), (None, 404)])
def test_who_may_start_a_ranking(client, project, frames, role, code):
    user = make_user("someone")
    if role:
        make_membership(project, user, role)
    client.force_login(user)
    address = reverse("project-next", args=[project.pk])
    assert client.post(address, {"n_frames": 5}).status_code == code
    assert client.get(address).status_code == (404 if code == 404 else 200)
    assert Run.objects.count() == (code == 302)


def test_a_form_that_makes_no_sense(client, project, owner, frames):
    client.force_login(owner)
    answer = client.post(reverse("project-next", args=[project.pk]), {"n_frames": 9999})
    assert answer.status_code == 400
    assert "less than or equal to 200" in answer.content.decode()
