"""Pages and API of trainings: who may start one and on what; every refusal is one sentence at its field."""

import pytest
from django.urls import reverse

from mlcore.models import Dataset, Run
from mlcore.services.progress import note_line, note_point, note_sample
from tests.factories import make_project
from tests.integration.model_rows import make_model
from tests.integration.run_rows import make_run

CONFIG = {"base": "scratch", "steps": 100, "batch_size": 4, "lr": 2e-4, "crop_px": 256, "width": 0.5}
SPLITS = {part: {"frames": n, "particles": 40 * n} for part, n in {"train": 8, "val": 2, "test": 2}.items()}
CLASSES = {"nanoparticle": {"train": 300, "val": 80}, "carbon nanotube": {"train": 20, "val": 0}}


@pytest.fixture
def dataset(project):
    return frozen(project)


def frozen(project, *, splits=SPLITS, classes=CLASSES, **over):
    values = {"name": "Gold", "status": "ready", "composition": {"splits": splits, "classes": classes}}
    return Dataset.objects.create(project=project, **{**values, **over})


def asked(dataset, **over):
    return {"dataset": dataset.pk, "kind": "train_detector", "base": "scratch", **over}


def start(client, dataset, **over):
    return client.post(reverse("api-trainings"), asked(dataset, **over), content_type="application/json")


def training(dataset, **over):
    config = {**CONFIG, **over.pop("config", {})}
    return make_run(
        dataset.project, kind="train_detector", engine="", dataset=dataset, config=config,
        steps_total=config["steps"], config_sha256=str(config["lr"]), **over,
    )  # fmt: skip


def test_the_form_starts_a_training(member_client, project, dataset):
    page = member_client.get(reverse("run-train", args=[project.pk]))
    assert page.status_code == 200
    assert "10 to" not in page.content.decode()
    answer = member_client.post(
        reverse("run-train", args=[project.pk]), {"dataset": dataset.pk, "base": "scratch", "steps": 50}
    )
    run = Run.objects.get()
    assert answer.url == run.get_absolute_url()
    assert run.config == {
        "base": "scratch", "steps": 50, "batch_size": 4, "lr": 6e-4, "crop_px": 256, "learn_classes": False,
        "width": 0.5,
    }  # fmt: skip
    assert member_client.get(answer.url).status_code == 200


def test_a_featurenet_is_started_by_the_api(member_client, dataset):
    answer = start(member_client, dataset, kind="train_featurenet", base="shipped", seed=3)
    assert answer.status_code == 201, answer.content
    run = Run.objects.get()
    assert (run.kind, run.seed, run.steps_total) == ("train_featurenet", 3, 1500)


def test_a_whole_number_may_be_written_as_a_float(member_client, dataset):
    assert start(member_client, dataset, settings={"steps": 20.0, "lr": 1e-3}).status_code == 201
    config = Run.objects.get().config
    assert (config["steps"], config["lr"]) == (20, 1e-3)
    assert isinstance(config["steps"], int)


def test_a_number_beyond_all_is_refused(member_client, dataset):
    raw = '{"dataset": %d, "kind": "train_detector", "base": "scratch", "settings": {"steps": 1e999}}'
    answer = member_client.post(reverse("api-trainings"), raw % dataset.pk, content_type="application/json")
    assert answer.status_code == 400
    assert "Steps must be a number" in str(answer.json())


@pytest.mark.parametrize(
    ("field", "over", "words"),
    [
        ("steps", {"settings": {"steps": 1}}, "Steps must be from 10 to 100,000, got 1."),
        ("batch_size", {"settings": {"batch_size": 2.5}}, "Batch size must be a whole number, got 2.5."),
        ("lr", {"settings": {"lr": 3}}, "Learning rate must be from 1e-06 to 0.01, got 3."),
        ("lr", {"settings": {"lr": "high"}}, "Learning rate must be a number, got 'high'."),
        ("crop_px", {"settings": {"crop_px": 100}}, "Crop must be a multiple of 32, got 100."),
        ("speed", {"settings": {"speed": 1}}, "There is no setting “speed” here"),
        ("width", {"width": 0.3}, "Width must be one of 0.25, 0.5, 1.0, got 0.3."),
        ("seed", {"seed": -1}, "Seed must be a whole number from 0"),
        ("title", {"title": 81 * "x"}, "A title has at most 80 characters"),
        ("base", {"base": "model"}, "Say which model"),
        ("kind", {"kind": "dream"}, "not a valid choice"),
    ],
)
def test_a_setting_out_of_its_range_is_one_sentence_at_its_field(member_client, dataset, field, over, words):
    answer = start(member_client, dataset, **over)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][field][0]
    assert not Run.objects.exists()


def test_the_form_shows_the_sentence_at_its_field(member_client, project, dataset):
    values = {"dataset": dataset.pk, "base": "scratch", "crop_px": 100}
    page = member_client.post(reverse("run-train", args=[project.pk]), values)
    assert page.status_code == 400
    assert page.context["form"].errors == {"crop_px": ["Crop must be a multiple of 32, got 100."]}
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"status": "freezing"}, "is still being frozen"),
        ({"status": "failed"}, "could not be frozen"),
        ({"splits": {**SPLITS, "train": {"frames": 1, "particles": 50}}}, "its training part has 1 frames"),
        ({"splits": {**SPLITS, "train": {"frames": 3, "particles": 4}}}, "has 4 particles"),
        ({"splits": {**SPLITS, "val": {"frames": 0, "particles": 0}}}, "its validation part has 0 frames"),
    ],
)
def test_a_dataset_that_cannot_be_learnt_from_is_refused(member_client, project, over, words):
    answer = start(member_client, frozen(project, **over))
    assert answer.status_code == 400
    assert words in answer.json()["errors"]["dataset"][0]


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({"nanoparticle": {"train": 30}}, "has one class, “nanoparticle”,"),
        ({**CLASSES, "unclassified": {"train": 7}}, "7 particles in the training part"),
        ({**CLASSES, "nanorod": {"train": 7}}, "The classes do not match: “Gold v1” has “nanorod”"),
    ],
)
def test_classes_are_learnt_only_where_there_are_two_that_are_known(member_client, project, classes, words):
    dataset = frozen(project, classes=classes)
    answer = start(member_client, dataset, learn_classes=True)
    assert words in answer.json()["errors"]["dataset"][0]
    assert start(member_client, dataset).status_code == 201


def test_a_model_whose_classes_do_not_match_is_refused(member_client, project, dataset, tmp_path):
    model = make_model(project, tmp_path)
    type(model).objects.filter(pk=model.pk).update(classes=["nanoparticle", "nanorod"])
    over = {"base": "model", "model_version": model.pk}
    answer = start(member_client, dataset, learn_classes=True, **over)
    assert "“carbon nanotube”" in answer.json()["errors"]["dataset"][0]
    assert start(member_client, dataset, **over).status_code == 201
    assert Run.objects.get(status="queued", dataset=dataset).model_version == model


def test_of_a_double_click_one_is_started(member_client, dataset):
    assert start(member_client, dataset).status_code == 201
    again = start(member_client, dataset)
    assert again.status_code == 400
    assert "trains a detector with the same settings already" in again.json()["detail"]
    assert Run.objects.count() == 1


def test_another_projects_dataset_is_not_there(member_client, owner, zoe):
    theirs = frozen(make_project(zoe, name="Soot"))
    assert start(member_client, theirs).status_code == 404


def test_a_viewer_may_look_and_not_start(client, vic, project, dataset):
    client.force_login(vic)
    assert "You may look" in client.get(reverse("run-train", args=[project.pk])).content.decode()
    assert client.post(reverse("run-train", args=[project.pk]), {}).status_code == 403
    assert start(client, dataset).status_code == 403


def test_without_a_dataset_the_page_says_what_to_do(member_client, project):
    assert (
        "No dataset to learn from yet"
        in member_client.get(reverse("run-train", args=[project.pk])).content.decode()
    )


def test_a_training_is_told_by_page_api_and_curves(member_client, dataset):
    run = training(dataset, status="running", steps_done=40, step_s=0.5)
    for step in (20, 40):
        note_point(run, step, "train", {"loss": 1 / step, "nothing": float("nan")})
    note_point(run, 40, "val", {"loss": 0.1, "f1": 0.5})
    note_point(run, 40, "val", {"loss": 0.2, "f1": 0.6})  # again, after a worker was lost
    note_line(run, "20 steps timed: about 30 s to go.")
    for png in (b"one", b"two"):
        note_sample(run, 40, "frame", png)
    page = member_client.get(run.get_absolute_url()).content.decode()
    assert "about 30 s to go" in page
    assert "8.0 crops/s" in page
    told = member_client.get(reverse("api-run-progress", args=[run.pk])).json()
    assert told["series"]["val"] == [{"step": 40, "values": {"loss": 0.2, "f1": 0.6}}]
    assert [set(one["values"]) for one in told["series"]["train"]] == [{"loss"}, {"loss"}]
    assert told["left_s"] == 30
    (sample,) = told["samples"]
    assert b"".join(member_client.get(sample["url"]).streaming_content) == b"two"
    curves = member_client.get(reverse("run-curves", args=[run.pk])).json()
    assert [trace["name"] for trace in curves["figures"]["loss"]["data"]] == ["training", "validation"]
    assert curves["samples"] == [{"step": 40, "pictures": [{"name": "frame", "url": sample["url"]}]}]


def test_runs_side_by_side_show_what_differs(member_client, project, dataset):
    one, other = training(dataset), training(dataset, config={"lr": 1e-3})
    note_point(one, 100, "final", {"f1": 0.7, "diameter_relative_error_median": 0.05})
    note_point(other, 100, "final", {"f1": 0.8, "diameter_relative_error_median": 0.06})
    address = reverse("runs-compare", args=[project.pk])
    page = member_client.get(address, {"run": [one.pk, other.pk]})
    rows = {name: (values, differs) for name, values, differs in page.context["settings"]}
    assert rows["Learning rate"] == ([2e-4, 1e-3], True)
    assert rows["Steps"] == ([100, 100], False)
    best = {name: where for name, _, where in page.context["figures"]}
    assert best == {"F1": 1, "Median error of the diameter": 0}
    assert member_client.get(address).status_code == 200
    assert member_client.get(address, {"run": [one.pk, 10**6]}).status_code == 404
    assert member_client.get(address, {"run": "²"}).status_code == 200
