"""Whatever two people do, in whatever order: the particles are what the events say, and nothing is lost."""

import threading
import uuid

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.models import Event, Layer, Particle
from annotations.services.projection import replay, snapshot
from annotations.services.record_edits import Edit, record_edits
from tests.factories import make_acquisition, make_frame, make_layer

KEYS = [uuid.UUID(int=i + 1) for i in range(3)]
side = st.integers(1, 200).map(lambda n: n / 4)
step = st.tuples(
    st.integers(0, 1),  # who
    st.sampled_from(["add", "move", "resize", "outline", "delete", "undo", "redo", "replay"]),
    st.integers(0, 2),  # which particle
    st.integers(0, 2),  # how stale: versions behind
    side,
    side,
)


def make_edit(layer, kind, key, stale, a, b, sent):
    particle = Particle.objects.filter(layer=layer, id=key).first()
    version = max(0, (particle.version if particle else 0) - stale)
    ids = {"id": uuid.uuid4(), "group": uuid.uuid4(), "particle": key, "base_version": version}
    if kind == "add":
        return Edit(action="add", fields={"x": a, "y": b, "width": b, "height": a}, **ids)
    if kind == "move":
        return Edit(action="change", fields={"x": a, "y": b}, **ids)
    if kind == "resize":
        return Edit(action="change", fields={"width": a, "height": b}, **ids)
    if kind == "outline":
        corner = [[a, b], [a + 30, b], [a + 30, b + 30], [a, b + 25]]
        return Edit(action="change", fields={"outline": corner}, **ids)
    if kind == "delete":
        return Edit(action="delete", **ids)
    if not sent:
        return None
    if kind == "replay":
        return sent[int(a) % len(sent)]
    undone = [edit for edit in sent if edit.action == "undo"] if kind == "redo" else sent
    return (
        Edit(id=uuid.uuid4(), group=uuid.uuid4(), action="undo", undoes=undone[-1].group) if undone else None
    )


def fresh_layer(project):
    return make_layer(make_frame(make_acquisition(project)))


def assert_projection_is_replay(layer):
    events = Event.objects.filter(layer=layer).order_by("sequence")
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    stored = {p.id: (p.version, snapshot(p)) for p in Particle.objects.filter(layer=layer)}
    assert replay(events) == stored
    assert Layer.objects.get(pk=layer.pk).sequence == len(events)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, max_size=12), sizes=st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_the_projection_is_always_the_replay_of_the_events(project, owner, mia, steps, sizes):
    layer = fresh_layer(project)
    Particle.objects.filter(id__in=KEYS).delete()
    sent = {0: [], 1: []}
    batches = {0: [], 1: []}
    for (who, kind, which, stale, a, b), size in zip(steps, sizes, strict=False):
        edit = make_edit(layer, kind, KEYS[which], stale, a, b, sent[who])
        if edit is None:
            continue
        batches[who].append(edit)
        if len(batches[who]) < size:
            continue  # several edits in one request, made before any answer
        before = Event.objects.filter(layer=layer).count()
        results = record_edits(layer=layer, by=(owner, mia)[who], edits=batches[who]).results
        if all(result.status in {"refused", "conflict", "duplicate"} for result in results):
            assert Event.objects.filter(layer=layer).count() == before
        sent[who] += batches[who]
        batches[who] = []
        assert_projection_is_replay(layer)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step.filter(lambda s: s[1] not in {"undo", "redo", "replay"}), min_size=1, max_size=8))
def test_undoing_everything_in_turn_restores_the_start_and_redo_the_end(project, owner, steps):
    layer = fresh_layer(project)
    Particle.objects.filter(id__in=KEYS).delete()

    def state():
        return {p.id: snapshot(p) for p in Particle.objects.filter(layer=layer)}

    states, groups = [state()], []
    for _, kind, which, _, a, b in steps:
        edit = make_edit(layer, kind, KEYS[which], 0, a, b, [])
        [result] = record_edits(layer=layer, by=owner, edits=[edit]).results
        if result.status == "applied":
            states.append(state())
            groups.append(edit.group)
    undone = []
    for group, expected in zip(reversed(groups), reversed(states[:-1]), strict=True):
        undo = Edit(id=uuid.uuid4(), group=uuid.uuid4(), action="undo", undoes=group)
        [result] = record_edits(layer=layer, by=owner, edits=[undo]).results
        assert result.status == "applied"
        assert state() == expected
        undone.append(undo.group)
    for group, expected in zip(reversed(undone), states[1:], strict=True):
        redo = Edit(id=uuid.uuid4(), group=uuid.uuid4(), action="undo", undoes=group)
        record_edits(layer=layer, by=owner, edits=[redo])
        assert state() == expected
    assert_projection_is_replay(layer)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_who_draw_at_the_same_moment_lose_nothing(project, owner, mia):
    """Threads with connections of their own: the lock on the layer is what is tested."""
    layer = fresh_layer(project)
    shared, boxes_each = uuid.uuid4(), 40
    box = {"x": 1, "y": 1, "width": 9, "height": 9}
    record_edits(layer=layer, by=owner, edits=[
        Edit(id=uuid.uuid4(), group=uuid.uuid4(), action="add", particle=shared, fields=box)
    ])  # fmt: skip
    statuses, errors = [], []

    def draw(user):
        try:
            for i in range(boxes_each):
                ids = {"id": uuid.uuid4(), "group": uuid.uuid4()}
                drawn = Edit(action="add", particle=uuid.uuid4(), fields=box, **ids)
                ids = {"id": uuid.uuid4(), "group": uuid.uuid4()}
                moved = Edit(action="change", particle=shared, base_version=1, fields={"x": i}, **ids)
                results = record_edits(layer=layer, by=user, edits=[drawn, moved, drawn]).results
                statuses.extend(result.status for result in results)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=draw, args=(user,)) for user in (owner, mia)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert Particle.objects.filter(layer=layer).count() == 2 * boxes_each + 1
    assert statuses.count("duplicate") == 2 * boxes_each
    assert_projection_is_replay(layer)
