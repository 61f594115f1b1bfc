"""Promotion: only what is shown to be no worse takes the champion's place, and one of two at once."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from annotations.models import Role
from mlcore.models import Promotion
from mlcore.services.model_versions import champion_number, champion_of
from mlcore.services.promotion import champions, compare, locked_test_set, promote, roll_back
from tests.factories import make_label_class, make_membership, make_user
from tests.integration.model_rows import make_dataset, make_evaluation, make_model, make_promotion

GOOD, WORSE, SLIGHTLY = (9, 10, 10), (5, 10, 10), (88, 100, 100)


@pytest.fixture
def dataset(project, tmp_path):
    return make_dataset(project, tmp_path)


@pytest.fixture
def model(project, tmp_path):
    return make_model(project, tmp_path)


@pytest.fixture
def rex(project):
    user = make_user("rex")
    make_membership(project, user, Role.REVIEWER)
    return user


def test_it_works(client, project, rex, dataset, model):
    make_evaluation(dataset, model, [GOOD] * 12)
    make_evaluation(dataset, None, [WORSE] * 12)
    client.force_login(rex)
    page = client.get(reverse("model-promote", args=[model.pk])).content.decode()
    assert "0.400" in page
    answer = client.post(reverse("model-promote", args=[model.pk]), {"expected": 0}, follow=True)
    assert "is the champion" in answer.content.decode()
    assert champion_of(project) == model
    kept = Promotion.objects.get().comparison
    assert (kept["value"], kept["n"], kept["margin"]) == (pytest.approx(0.4), 12, 0.02)
    answer = client.post(reverse("project-models-back", args=[project.pk]), {"expected": 1}, follow=True)
    assert "The shipped model is the champion again." in answer.content.decode()
    assert champion_of(project) is None
    assert [one.is_rollback for one in project.promotions.all()] == [True, False]


@pytest.mark.parametrize(
    ("role", "code"), [(Role.REVIEWER, 201), (Role.ANNOTATOR, 403), (Role.VIEWER, 403), (None, 404)]
)
def test_who_may_promote(client, project, dataset, model, role, code):
    make_evaluation(dataset, model)
    make_evaluation(dataset, None)
    user = make_user("someone")
    if role:
        make_membership(project, user, role)
    client.force_login(user)
    address = reverse("api-model-promotion", args=[model.pk])
    answer = client.post(address, {"expected": 0}, content_type="application/json")
    assert answer.status_code == code, answer.content
    assert client.post(reverse("model-promote", args=[model.pk]), {"expected": 0}).status_code in {
        404 if role is None else 403 if code == 403 else 409
    }
    assert Promotion.objects.count() == (code == 201)


@pytest.mark.parametrize(
    ("of_candidate", "of_champion", "sentence"),
    [
        ([WORSE] * 12, [GOOD] * 12, "Not shown to be no worse than the shipped model: .* is −0.400"),
        # As good on the whole, but of too few frames that scatter too much to know.
        ([GOOD, WORSE] * 3, [WORSE, GOOD] * 3, "lower end must lie above −0.02"),
        ([GOOD] * 2, [GOOD] * 2, "needs at least 3 test frames that neither .*, and there are 2"),
        ([(0, 0, 0)] * 4, [(0, 0, 0)] * 4, "There is no F1 to compare"),
    ],
)  # fmt: skip
def test_what_is_not_shown_to_be_as_good_is_refused(
    project, owner, dataset, model, of_candidate, of_champion, sentence
):
    make_evaluation(dataset, model, [*of_candidate, (1, 9, 9)], learnt={len(of_candidate)})
    make_evaluation(dataset, None, [*of_champion, GOOD])
    with pytest.raises(ValidationError, match=sentence):
        promote(by=owner, candidate=model, expected=0)
    assert not Promotion.objects.exists()


def test_a_little_worse_within_the_margin_may_be_promoted(project, owner, dataset, model):
    make_evaluation(dataset, model, [(89, 100, 100)] * 12)
    make_evaluation(dataset, None, [(90, 100, 100)] * 12)
    assert promote(by=owner, candidate=model, expected=0).comparison["value"] == pytest.approx(-0.01)


def test_without_figures_or_a_test_set_it_says_what_is_missing(project, owner, model, tmp_path):
    assert "no locked test set" in compare(model).refusal
    dataset = make_dataset(project, tmp_path)
    assert compare(model).refusal == (
        f"Not evaluated on the test part of {dataset} yet: {model} and the shipped model."
    )
    make_evaluation(dataset, model)
    assert compare(model).refusal == f"Not evaluated on the test part of {dataset} yet: the shipped model."


def test_nobody_chooses_the_test_set(project, tmp_path):
    make_dataset(project, tmp_path, name="Old", seed=0)
    real = make_dataset(project, tmp_path, name="Real", seed=10)
    make_dataset(project, tmp_path, name="Simulated", seed=20, origin="simulated")
    make_dataset(project, tmp_path, name="No test", seed=30, splits=("train", "val"))
    assert locked_test_set(project) == real


def test_two_people_at_once(project, owner, rex, dataset, model, tmp_path):
    """Both looked at the same champion: the second is told, and nothing of theirs is done."""
    other = make_model(project, tmp_path, note="b")
    for one in (None, model, other):
        make_evaluation(dataset, one)
    seen = champion_number(project)
    promote(by=rex, candidate=other, expected=seen)
    with pytest.raises(ValidationError, match=r"rex made Model 2 \(Try b\) the champion meanwhile"):
        promote(by=owner, candidate=model, expected=seen)
    with pytest.raises(ValidationError, match="meanwhile"):
        roll_back(by=owner, project=project, expected=seen)
    assert [one.model_version for one in Promotion.objects.all()] == [other]


def test_two_at_the_very_same_moment(project, owner, rex, dataset, model, tmp_path, monkeypatch):
    """The other's row comes between the check and the writing: the database lets one through."""
    other = make_model(project, tmp_path, note="b")
    for one in (None, model, other):
        make_evaluation(dataset, one)
    real = compare

    def slow(candidate):
        found = real(candidate)
        make_promotion(project, other, by=rex)
        return found

    monkeypatch.setattr("mlcore.services.promotion.compare", slow)
    with pytest.raises(ValidationError, match="rex made Model 2"):
        promote(by=owner, candidate=model, expected=0)
    assert connection.needs_rollback is False
    assert Promotion.objects.get().model_version == other


def test_going_back_twice_leads_to_the_one_before_that(project, owner, model, tmp_path):
    other = make_model(project, tmp_path, note="b")
    make_promotion(project, model)
    make_promotion(project, other)
    assert champions(project) == [None, model, other]
    assert roll_back(by=owner, project=project, expected=2).model_version == model
    assert roll_back(by=owner, project=project, expected=3).model_version is None
    with pytest.raises(ValidationError, match="No model was promoted that could be taken back"):
        roll_back(by=owner, project=project, expected=4)


def test_classes_that_do_not_match(project, owner, dataset, model):
    make_evaluation(dataset, model)
    make_evaluation(dataset, None)
    make_label_class(project, name="rod", key=1)
    assert "they have none in common" in compare(model).refusal
    make_label_class(project, name="Nanoparticle", key=2)
    found = compare(model)
    assert not found.refusal
    assert found.warnings == ("It never finds these classes of the project: “rod”.",)


def test_the_champion_is_not_compared_with_itself(project, model):
    make_promotion(project, model)
    assert "is the champion already" in compare(model).refusal
