"""A project's end takes the files of its models, datasets and runs along."""

import pytest
from django.conf import settings

from annotations.services.projects import delete_project
from mlcore.models import Dataset, ModelVersion, Run
from mlcore.services.progress import note_sample
from mlcore.services.run_folder import run_folder
from tests.factories import make_acquisition
from tests.integration.mlcore.test_compare import compared
from tests.integration.mlcore.test_runs import store_frame
from tests.integration.model_rows import make_dataset, make_evaluation, make_model, make_promotion


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_a_project(project, owner, tmp_path):
    frames = [store_frame(make_acquisition(project)) for _ in range(2)]
    dataset = make_dataset(project, tmp_path, splits=("train", "test"), frames=frames)
    model = make_model(project, tmp_path)
    ModelVersion.objects.update(dataset=dataset)
    make_evaluation(dataset, model)
    make_promotion(project, model)
    run = compared(project, (frames[0], {"agreement": 0.5}), model_version=model)
    note_sample(run, 1, "frame", b"a picture")
    folders = [
        run_folder(run),
        settings.STORAGE_DIR / run.samples.get().file,
        *(settings.STORAGE_DIR / folder for folder in (model.folder, dataset.folder)),
    ]
    assert all(folder.exists() for folder in folders)
    delete_project(project=project, typed_name=project.name)
    assert not any(folder.exists() for folder in folders)
    assert not any(rows.exists() for rows in (Dataset.objects, ModelVersion.objects, Run.objects))
