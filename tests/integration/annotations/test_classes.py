import uuid

import pytest

from annotations.models import Event, LabelClass, Layer, Particle
from annotations.services.classes import delete_class
from annotations.services.projection import replay, snapshot
from annotations.services.record_edits import Edit, record_edits
from tests.factories import make_acquisition, make_frame, make_label_class, make_layer, make_particle
from tests.integration.edits import add


@pytest.fixture
def page(project):
    return f"/projects/{project.pk}/classes/"


@pytest.fixture
def owner_client(client, owner):
    client.force_login(owner)
    return client


def change(client, page, label_class, **words):
    prefix = f"class-{label_class.pk}"
    words = {"name": label_class.name, "color": label_class.color, "key": label_class.key or "", **words}
    return client.post(f"{page}{label_class.pk}/", {f"{prefix}-{key}": value for key, value in words.items()})


def test_it_works(owner_client, page):
    words = {"name": " nanotube ", "color": "#56b4e9", "key": "2"}
    assert owner_client.post(f"{page}add/", words).status_code == 302
    made = LabelClass.objects.get()
    assert (made.name, made.color, made.key) == ("nanotube", "#56b4e9", 2)
    assert change(owner_client, page, made, name="carbon nanotube", key="").status_code == 302
    made.refresh_from_db()
    assert (made.name, made.key) == ("carbon nanotube", None)


def test_deleting_a_class_keeps_its_particles(owner_client, page, project):
    label_class = make_label_class(project)
    layer = make_layer(make_frame(make_acquisition(project)))
    particles = [make_particle(layer, label_class=label_class) for _ in range(3)]
    assert "3 particles have this class. They are kept" in owner_client.get(page).content.decode()
    answer = owner_client.post(f"{page}{label_class.pk}/delete/", follow=True).content.decode()
    assert "Its 3 particles are kept, unclassified." in answer
    for particle in particles:
        particle.refresh_from_db()
        assert particle.label_class is None


def draw(layer, user, label_class):
    """A box with a class, through the ledger; gives its id and the gesture's."""
    particle, group = uuid.uuid4(), uuid.uuid4()
    box = {"x": 10, "y": 20, "width": 30, "height": 40, "label_class": label_class.pk}
    record_edits(
        layer=layer,
        by=user,
        edits=[Edit(id=uuid.uuid4(), group=group, action="add", particle=particle, fields=box)],
    )
    return particle, group


def send_undo(layer, user, group):
    [result] = record_edits(
        layer=layer, by=user, edits=[Edit(id=uuid.uuid4(), group=uuid.uuid4(), action="undo", undoes=group)]
    ).results
    return result


def assert_replayed(layer):
    stored = {p.id: (p.version, snapshot(p)) for p in Particle.objects.filter(layer=layer)}
    assert replay(Event.objects.filter(layer=layer).order_by("sequence")) == stored


def test_deleting_a_class_is_told_in_every_ledger(project, owner, mia):
    gone, kept = make_label_class(project), make_label_class(project, name="tube", key=2)
    layers = [make_layer(make_frame(make_acquisition(project))) for _ in range(2)]
    drawn = [[draw(layer, mia, cls)[0] for cls in (gone, gone, kept)] for layer in layers]
    gone_pk = gone.pk
    assert delete_class(by=owner, label_class=gone) == 4
    for layer, ids in zip(layers, drawn, strict=True):
        assert_replayed(layer)
        layer.refresh_from_db()
        events = list(Event.objects.filter(layer=layer, actor=owner).order_by("sequence"))
        assert {event.particle_id for event in events} == set(ids[:2])
        assert [event.sequence for event in events] == [4, 5]
        assert layer.sequence == 5
        assert all(e.before == {"label_class": gone_pk} and e.after == {"label_class": None} for e in events)
        assert Particle.objects.get(pk=ids[2]).label_class == kept
    assert Event.objects.filter(actor=owner).values("group").distinct().count() == 1


def test_suggestions_lose_a_deleted_class_too(project, owner):
    label_class = make_label_class(project)
    layer = make_layer(make_frame(make_acquisition(project)), kind=Layer.Kind.SUGGESTION)
    suggestion = make_particle(layer, label_class=label_class)
    assert delete_class(by=owner, label_class=label_class) == 0, "only people's are counted"
    suggestion.refresh_from_db()
    assert (suggestion.label_class, suggestion.version) == (None, 2)


def test_suggestions_are_not_counted(owner_client, page, project):
    label_class = make_label_class(project)
    frame = make_frame(make_acquisition(project))
    suggestions = make_layer(frame, kind=Layer.Kind.SUGGESTION)
    accepted, _ = (make_particle(suggestions, label_class=label_class) for _ in range(2))
    make_particle(make_layer(frame), label_class=label_class, source=accepted)
    assert [row.n_particles for row, _ in owner_client.get(page).context["rows"]] == [1]
    api = f"/api/v1/projects/{project.pk}/classes/"
    assert owner_client.get(api).json()["results"][0]["particles"] == 1
    assert owner_client.get(f"{api}{label_class.pk}/").json()["particles"] == 1
    said = owner_client.post(f"{page}{label_class.pk}/delete/", follow=True).text
    assert "Its 1 particle is kept" in said


def test_undo_cannot_bring_a_deleted_class_back(project, owner, mia):
    gone, kept = make_label_class(project), make_label_class(project, name="tube", key=2)
    layer = make_layer(make_frame(make_acquisition(project)))
    particle, _ = draw(layer, mia, gone)
    group = uuid.uuid4()
    to_kept = Edit(
        id=uuid.uuid4(), group=group, action="change", particle=particle, base_version=1,
        fields={"label_class": kept.pk},
    )  # fmt: skip
    record_edits(layer=layer, by=mia, edits=[to_kept])
    delete_class(by=owner, label_class=gone)
    assert send_undo(layer, mia, group).status == "applied"
    assert Particle.objects.get(pk=particle).label_class is None
    assert_replayed(layer)


def test_a_key_in_use_changes_places(owner_client, page, project):
    first, second = make_label_class(project), make_label_class(project, name="tube", key=2)
    assert change(owner_client, page, first, key="2").status_code == 302
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.key, second.key) == (2, 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": "Nanoparticle"}, "already has a class named"),
        ({"name": "  "}, "required"),
        ({"name": "x" * 61}, "at most 60"),
        ({"key": "1"}, "already belongs to"),
        ({"key": "10"}, "valid choice"),
        ({"color": "red"}, "written like #56b4e9"),
    ],
)
def test_a_wrong_class_is_refused_in_a_sentence(owner_client, page, project, words, sentence):
    make_label_class(project)
    answer = owner_client.post(f"{page}add/", {"name": "tube", "color": "#56b4e9", "key": "2", **words})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert LabelClass.objects.count() == 1


def test_a_taken_name_is_refused_on_change_too(owner_client, page, project):
    make_label_class(project)
    second = make_label_class(project, name="tube", key=2)
    answer = change(owner_client, page, second, name="nanoparticle")
    assert answer.status_code == 400
    assert "already has a class named" in answer.content.decode()


def test_others_look_only(client, page, project, mia, vic, zoe):
    label_class = make_label_class(project)
    for user, code in ((mia, 403), (vic, 403), (zoe, 404)):
        client.force_login(user)
        assert client.get(page).status_code == (404 if user == zoe else 200)
        assert client.post(f"{page}add/", {"name": "tube", "color": "#56b4e9"}).status_code == code
        assert change(client, page, label_class, name="x").status_code == code
        assert client.post(f"{page}{label_class.pk}/delete/").status_code == code
    assert LabelClass.objects.get().name == "nanoparticle"


def test_the_api_does_the_same(owner_client, project):
    api = f"/api/v1/projects/{project.pk}/classes/"
    made = owner_client.post(api, {"name": "tube"}, "application/json")
    assert made.status_code == 201
    assert (made.json()["key"], made.json()["color"]) == (1, "#e69f00")
    again = owner_client.post(api, {"name": "TUBE"}, "application/json")
    assert again.status_code == 400
    assert set(again.json()) == {"code", "detail", "errors"}
    assert "name" in again.json()["errors"]
    one = f"{api}{made.json()['id']}/"
    assert owner_client.patch(one, {"key": 7}, "application/json").json()["key"] == 7
    assert owner_client.patch(one, {"key": 10}, "application/json").status_code == 400
    assert owner_client.delete(one).json() == {"unclassified": 0}


def test_deleting_a_class_is_no_gesture_that_undo_would_offer(project, owner, owner_client):
    layer = make_layer(make_frame(make_acquisition(project)))
    gone = make_label_class(project, name="gone", key=7)
    drawn = add(label_class=gone.pk)
    url = f"/api/v1/layers/{layer.pk}"
    owner_client.post(f"{url}/edits/", {"edits": [drawn]}, content_type="application/json")
    assert delete_class(by=owner, label_class=gone) == 1
    rows = owner_client.get(f"{url}/history/").json()["rows"]
    assert [row[2] for row in rows] == [drawn["group"].replace("-", "")]
    assert layer.events.count() == 2  # it is in the ledger all the same
