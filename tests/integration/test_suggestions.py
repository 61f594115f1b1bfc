"""Accepting and rejecting suggestions: once each, in bulk, and all of it can be taken back."""

import time
import uuid

import pytest

from annotations.models import Event, Particle
from annotations.services.layers import working_layer
from tests.factories import make_acquisition, make_calibration, make_frame, make_layer, make_particle

CONFIDENCES = [0.2, 0.4, 0.6, 0.8]
SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]


@pytest.fixture
def suggested(project):
    layer = make_layer(make_frame(make_acquisition(project)), kind="suggestion")
    calibration = make_calibration(layer.frame.acquisition)
    for i, confidence in enumerate(CONFIDENCES):
        sizes = {"ecd_px": 22.6, "ecd_nm": 11.3, "calibration": calibration}
        make_particle(
            layer, x=10 + 50 * i, confidence=confidence, origin="suggested", outline=SQUARE, **sizes
        )
    return layer


@pytest.fixture
def decide(suggested, member_client):
    def decide(decision, status=200, layer=suggested, **which):
        sent = {"group": str(uuid.uuid4()), "decision": decision, **which}
        url = f"/api/v1/layers/{layer.pk}/decisions/"
        response = member_client.post(url, sent, content_type="application/json")
        assert response.status_code == status, response.content
        return sent, response.json()

    return decide


def drawn(suggested):
    return Particle.objects.filter(layer__kind="working", layer__frame=suggested.frame)


def undo(client, suggested, group):
    layer = working_layer(frame=suggested.frame)
    edit = {"id": str(uuid.uuid4()), "group": str(uuid.uuid4()), "action": "undo", "undoes": group}
    url = f"/api/v1/layers/{layer.pk}/edits/"
    return edit["group"], client.post(url, {"edits": [edit]}, content_type="application/json").json()[
        "results"
    ][0]


def test_it_works(suggested, decide, mia):
    best = suggested.particles.get(confidence=0.8)
    _, answer = decide("accepted", suggestions=[str(best.pk)])
    assert answer["decided"] == 1
    particle = drawn(suggested).get()
    assert answer["particles"][0]["id"] == str(particle.pk)
    assert (particle.source, particle.origin, particle.created_by) == (best, "accepted", mia)
    assert (particle.outline, particle.ecd_nm, particle.confidence) == (SQUARE, 11.3, 0.8)
    best.refresh_from_db()
    assert best.decision == "accepted"


def test_all_above_the_slider_are_accepted_and_all_below_rejected(suggested, decide):
    decide("accepted", min_confidence=0.6)
    decide("rejected", below_confidence=0.6)
    found = dict(suggested.particles.values_list("confidence", "decision"))
    assert found == {0.2: "rejected", 0.4: "rejected", 0.6: "accepted", 0.8: "accepted"}
    assert drawn(suggested).count() == 2


def test_a_decision_sent_twice_is_made_once(suggested, decide, member_client):
    sent, _ = decide("accepted", min_confidence=0.5)
    url = f"/api/v1/layers/{suggested.pk}/decisions/"
    again = member_client.post(url, sent, content_type="application/json").json()
    assert again["decided"] == 0
    assert drawn(suggested).count() == 2


def test_accepting_again_what_is_accepted_does_nothing(suggested, decide):
    decide("accepted", min_confidence=0.5)
    _, answer = decide("accepted", suggestions=[str(p.pk) for p in suggested.particles.all()])
    assert answer["decided"] == 2  # the two that were open
    _, answer = decide("rejected", suggestions=[str(p.pk) for p in suggested.particles.all()])
    assert answer["decided"] == 0
    assert drawn(suggested).count() == 4


def test_undo_and_redo_of_a_decision(suggested, decide, member_client):
    sent, _ = decide("accepted", min_confidence=0.5)
    back, result = undo(member_client, suggested, sent["group"])
    assert result["status"] == "applied"
    assert result["suggestion_layers"] == [suggested.pk]
    assert not drawn(suggested).exists()
    assert set(suggested.particles.values_list("decision", flat=True)) == {"pending"}
    undo(member_client, suggested, back)
    assert drawn(suggested).count() == 2
    assert drawn(suggested).filter(source__confidence=0.8, ecd_px__isnull=False).exists()
    assert suggested.particles.filter(decision="accepted").count() == 2


def test_undo_of_a_rejection(suggested, decide, member_client):
    sent, _ = decide("rejected", below_confidence=0.5)
    _, result = undo(member_client, suggested, sent["group"])
    assert result["status"] == "applied"
    assert set(suggested.particles.values_list("decision", flat=True)) == {"pending"}


@pytest.fixture
def found_again(suggested):
    """A second run: the same particles, each seen a little differently, and one that is new."""
    layer = make_layer(suggested.frame, kind="suggestion")
    for old in suggested.particles.all():
        make_particle(
            layer, x=old.x + 2, y=old.y - 1, width=31, confidence=old.confidence, origin="suggested"
        )
    make_particle(layer, x=300, y=200, confidence=0.7, origin="suggested")
    return layer


def test_what_two_runs_found_is_accepted_once(suggested, decide, found_again):
    _, answer = decide("accepted", min_confidence=0)
    assert (answer["decided"], answer["already_there"]) == (4, 0)
    _, answer = decide("accepted", layer=found_again, min_confidence=0)
    assert (answer["decided"], answer["already_there"], answer["events"]) == (5, 4, 1)
    assert [particle["x"] for particle in answer["particles"]] == [300]
    assert drawn(suggested).count() == 5
    assert set(found_again.particles.values_list("decision", flat=True)) == {"accepted"}
    assert found_again.particles.filter(accepted_as=None).count() == 4


def test_what_a_person_drew_is_there_already_and_what_only_touches_it_is_not(suggested, decide):
    one, other, *_ = suggested.particles.order_by("x")
    make_particle(working_layer(frame=suggested.frame), x=one.x, y=one.y + 10)  # 30 of 50 rows: 0.6
    make_particle(working_layer(frame=suggested.frame), x=other.x, y=other.y + 15)  # 25 of 55: 0.45
    named = {"suggestions": [str(one.pk), str(other.pk)]}
    _, answer = decide("accepted", **named)
    assert (answer["decided"], answer["already_there"]) == (2, 1)
    assert drawn(suggested).count() == 3
    assert drawn(suggested).get(origin="accepted").source == other


def test_the_particles_of_another_frame_are_not_there_already(suggested, decide, project):
    elsewhere = working_layer(frame=make_frame(make_acquisition(project)))
    for one in suggested.particles.all():
        make_particle(elsewhere, x=one.x, y=one.y)
    assert decide("accepted", min_confidence=0)[1]["already_there"] == 0
    assert drawn(suggested).count() == 4


def test_a_rejection_does_not_ask_what_is_there(suggested, decide):
    one = suggested.particles.first()
    make_particle(working_layer(frame=suggested.frame), x=one.x, y=one.y)
    _, answer = decide("rejected", min_confidence=0)
    assert (answer["decided"], answer["already_there"]) == (4, 0)


def test_undo_and_redo_where_some_were_there_already(suggested, decide, found_again, member_client):
    first, _ = decide("accepted", min_confidence=0)
    sent, _ = decide("accepted", layer=found_again, min_confidence=0)
    back, result = undo(member_client, suggested, sent["group"])
    assert (result["status"], result["suggestion_layers"]) == ("applied", [found_again.pk])
    assert drawn(suggested).count() == 4  # those of the first acceptance stay
    assert set(found_again.particles.values_list("decision", flat=True)) == {"pending"}
    again, _ = undo(member_client, suggested, back)
    assert drawn(suggested).count() == 5
    assert not found_again.particles.filter(decision="pending").exists()
    for group in (again, first["group"]):
        undo(member_client, suggested, group)
    assert not drawn(suggested).exists()


def test_nothing_is_there_already_once_it_is_taken_back(suggested, decide, found_again, member_client):
    sent, _ = decide("accepted", min_confidence=0)
    undo(member_client, suggested, sent["group"])
    assert decide("accepted", layer=found_again, min_confidence=0)[1]["already_there"] == 0
    assert drawn(suggested).count() == 5


def test_a_rejected_one_may_still_be_accepted(suggested, decide):
    one = suggested.particles.first()
    decide("rejected", suggestions=[str(one.pk)])
    decide("accepted", suggestions=[str(one.pk)])
    assert drawn(suggested).get().source == one


@pytest.mark.parametrize(
    "which",
    [{}, {"min_confidence": 0.5, "below_confidence": 0.5}, {"min_confidence": 2}, {"suggestions": ["x"]}],
)
def test_an_unclear_request_is_refused(suggested, decide, which):
    _, answer = decide("accepted", status=400, **which)
    assert answer["detail"]
    assert not Event.objects.exists()


def test_a_viewer_decides_nothing_and_a_stranger_sees_nothing(suggested, vic, zoe, client):
    sent = {"group": str(uuid.uuid4()), "decision": "accepted", "min_confidence": 0}
    for user, status in ((vic, 403), (zoe, 404)):
        client.force_login(user)
        url = f"/api/v1/layers/{suggested.pk}/decisions/"
        assert client.post(url, sent, content_type="application/json").status_code == status
    assert not Event.objects.exists()


def test_suggestions_of_another_layer_are_not_touched(suggested, decide, project):
    other = make_particle(make_layer(make_frame(make_acquisition(project)), kind="suggestion"))
    _, answer = decide("accepted", suggestions=[str(other.pk)])
    assert answer["decided"] == 0


@pytest.mark.slow
def test_five_thousand_are_accepted_within_three_seconds(suggested, decide):
    outline = [[i, i % 7] for i in range(40)]
    Particle.objects.bulk_create(
        Particle(
            layer=suggested, x=1, y=1, width=9, height=9, confidence=0.9, origin="suggested", outline=outline
        )
        for _ in range(5000)
    )
    decide("rejected", below_confidence=0.1)  # so that the measured request loads no modules
    start = time.process_time()
    _, answer = decide("accepted", min_confidence=0.85)
    assert answer["decided"] == 5000
    assert answer["reload"] is True
    assert time.process_time() - start < 3
    again = make_layer(suggested.frame, kind="suggestion")
    copies = [Particle(layer=again, x=1, y=1, width=9, height=8, confidence=0.9) for _ in range(5000)]
    Particle.objects.bulk_create(copies)
    start = time.process_time()
    _, answer = decide("accepted", layer=again, min_confidence=0.85)
    assert answer["already_there"] == 5000
    assert time.process_time() - start < 3


def test_open_pages_are_told_of_decisions_and_of_their_undoing(suggested, decide, member_client, monkeypatch):
    told = []
    monkeypatch.setattr("annotations.services.suggestions.push", lambda **sent: told.append(sent["payload"]))
    monkeypatch.setattr("annotations.services.record_edits.push", lambda **sent: told.append(sent["payload"]))
    sent, _ = decide("rejected", min_confidence=0.5)
    group, _ = undo(member_client, suggested, sent["group"])
    assert [(one["suggestions"], one["group"]) for one in told] == [
        (suggested.pk, sent["group"]),
        (suggested.pk, group),
    ]
    assert {one["frame"] for one in told} == {suggested.frame_id}
