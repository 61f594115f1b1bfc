"""From corrected suggestions to the form of a training."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from mlcore.models import Dataset
from mlcore.services.fine_tune import NAME, reviewed_since, start_from_corrections
from tests.factories import make_acquisition, make_frame, make_label_class, make_layer, make_particle
from tests.integration.model_rows import make_model, make_promotion


@pytest.fixture
def layers(project):
    label = make_label_class(project)
    made = []
    for _ in range(12):
        frame = make_frame(make_acquisition(project))
        made.append(make_layer(frame, sequence=5, reviewed_sequence=5))
        make_particle(made[-1], label_class=label)
    return made


def test_it_works(client, project, owner, layers, tmp_path):
    model = make_model(project, tmp_path)
    make_promotion(project, model)
    client.force_login(owner)
    page = client.get(reverse("project-next", args=[project.pk])).content.decode()
    assert "12 images reviewed since" in page
    answer = client.post(reverse("project-fine-tune", args=[project.pk]))
    dataset = Dataset.objects.get()
    assert (dataset.name, dataset.version, dataset.n_frames) == (NAME, 1, 12)
    form = reverse("run-train", args=[project.pk])
    assert answer["Location"] == f"{form}?dataset={dataset.pk}&base={model.pk}"
    assert client.get(answer["Location"]).status_code == 200


def test_only_what_was_reviewed_since_makes_another(project, owner, layers):
    dataset = start_from_corrections(by=owner, project=project)
    Dataset.objects.filter(pk=dataset.pk).update(status="ready")
    with pytest.raises(ValidationError, match="No image was reviewed since"):
        start_from_corrections(by=owner, project=project)
    layers[0].sequence = layers[0].reviewed_sequence = 6
    layers[0].save()
    assert list(reviewed_since(project)) == [layers[0]]
    assert start_from_corrections(by=owner, project=project).version == 2


def test_nothing_reviewed_is_one_sentence(client, project, owner):
    client.force_login(owner)
    answer = client.post(reverse("project-fine-tune", args=[project.pk]), follow=True)
    assert "No image was reviewed since" in answer.content.decode()
    assert not Dataset.objects.exists()
