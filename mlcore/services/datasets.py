"""Ask for a dataset, and read one that is ready; the worker's side is in dataset_freeze.py.

What each reviewed layer is at is written down when it is asked for: what people draw while a worker freezes
is not in it. A ready dataset never changes, its files neither (a trigger of the database sees to the rows).
"""

import json
from typing import NamedTuple

import numpy as np
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Max

from annotations.models import Acquisition, Frame, Layer
from annotations.models.overview import search
from annotations.services.notify import push
from mlcore.data import examples, frozen
from mlcore.data.splits import MIN_SPECIMENS
from mlcore.evaluation.frames import Frame as TrueFrame
from mlcore.models import Dataset, DatasetFrame, Run
from mlcore.services.dataset_specimens import SPECIMEN_BY, specimen_of
from mlcore.services.stored import delete_folder, local_folder
from mlcore.tasks import freeze_dataset_task

MAX_FRAMES = 200_000
MAX_SEED = 2**31 - 1
NAMES_SHOWN = 3


class TestFrame(NamedTuple):
    """A frame of a dataset and what is truly on it."""

    name: str
    path: object  # its example; `image()` reads the pixels
    pixel_size_nm: float | None
    truth: TrueFrame

    def image(self) -> np.ndarray:
        return examples.load(self.path).image


def reviewed_layers(project, *, words="", frames=None):
    """The working layers that may be frozen: of ready images, reviewed, and not edited since."""
    layers = Layer.objects.reviewed().filter(
        kind=Layer.Kind.WORKING,
        frame__acquisition__project=project,
        frame__acquisition__status=Acquisition.Status.READY,
    )
    if words:
        layers = layers.filter(frame__acquisition__in=search(project.acquisitions.all(), words))
    if frames is not None:
        layers = layers.filter(frame__in=frames)
    return layers.select_related("frame__acquisition").order_by("frame__acquisition_id", "frame__index")


def freeze_dataset(
    *, by, project, name, seed=0, with_reviewed=True, frames=None, words="", runs=(), specimen_by="file"
) -> Dataset:
    """Write down what is to be frozen and queue it; of a double click one is.

    Parameters
    ----------
    frames : iterable of int, optional
        Keys of images, each of them reviewed; by default all reviewed ones.
    words : str
        Of the reviewed images only those whose file's name or metadata has these words.
    runs : iterable of Run
        Ended ones that made synthetic frames.
    specimen_by : {"file", "name", "session"}
        What an image without a named specimen is taken to be of, see dataset_specimens.py.

    Raises
    ------
    ValidationError
        If there is no name, an image is not reviewed, or there is too little to split; in one sentence.
    """
    name = " ".join(str(name).split())
    runs = list(runs)
    frames = None if frames is None else sorted(set(frames))
    _check_settings(name, seed, specimen_by)
    _check_runs(project, runs)
    layers = []
    if frames is not None:
        _check_reviewed(project, frames)
    if with_reviewed or frames is not None:
        layers = list(reviewed_layers(project, words=words, frames=frames))
    n_synthetic = sum(run.steps_done for run in runs)
    _check_enough(project, layers, n_synthetic, specimen_by, words)
    sources = {
        "layers": [[layer.frame_id, layer.pk, layer.sequence] for layer in layers],
        "runs": sorted(run.pk for run in runs),
        "words": words,
        "specimen_by": specimen_by,
    }
    row = Dataset(project=project, name=name, seed=seed, sources=sources, created_by=by)
    row.n_frames = len(layers) + n_synthetic
    try:
        with transaction.atomic():
            last = project.datasets.filter(name=name).aggregate(last=Max("version"))["last"]
            row.version = (last or 0) + 1
            row.save()
            freeze_dataset_task.delay_on_commit(row.pk)
    except IntegrityError as error:
        raise ValidationError(f"“{name}” is being frozen already; wait for it.") from error
    push(project_id=project.pk, kind="dataset", payload=summary(row))
    return row


@transaction.atomic
def discard_dataset(*, dataset):
    """Delete one that could not be frozen, or stop freezing it; what is ready stays as long as its project.

    Raises
    ------
    ValidationError
        If it is ready.
    """
    row = Dataset.objects.select_for_update().filter(pk=dataset.pk).first()
    if row is None:
        return
    if row.status == Dataset.Status.READY:
        raise ValidationError("A frozen dataset never changes and stays as long as its project.")
    project_id, pk = row.project_id, row.pk
    row.delete()
    transaction.on_commit(lambda: delete_folder(folder_of(pk)))
    push(project_id=project_id, kind="dataset", payload={"id": pk, "status": "deleted"})


def folder_of(pk):
    """The name of a dataset's folder in the storage."""
    return f"datasets/{pk}"


def summary(dataset):
    """What open pages are told of a dataset."""
    names = ["name", "version", "status", "message", "n_frames", "n_done", "n_particles"]
    return {"id": dataset.pk, **{name: getattr(dataset, name) for name in names}}


def example_files(dataset, split) -> list:
    """Paths of a split's examples (mlcore/data/examples.py), in the order of the frames' names.

    Raises
    ------
    ValueError
        If the dataset is not ready.
    """
    folder = _folder(dataset)
    return [folder / file for file in _frames(dataset, split).values_list("file", flat=True)]


def test_truth(dataset, split="test") -> list[TestFrame]:  # noqa: PT028 - no test
    """The frames of a split with their truth as it was drawn: boxes stay boxes.

    Raises
    ------
    ValueError
        If the dataset is not ready.
    """
    folder = _folder(dataset)
    found = []
    for row in _frames(dataset, split):
        truth = json.loads((folder / row.file).with_suffix(".json").read_text("utf-8"))["truth"]
        found.append(
            TestFrame(row.name, folder / row.file, row.pixel_size_nm, frozen.true_frame(row.name, truth))
        )
    return found


test_truth.__test__ = False  # pytest takes it for a test where a test imports it


def _folder(dataset):
    if dataset.status != Dataset.Status.READY:
        raise ValueError(f"“{dataset}” is not ready ({dataset.get_status_display().lower()}).")
    return local_folder(dataset.folder)


def _frames(dataset, split):
    return DatasetFrame.objects.filter(dataset=dataset, split=split).order_by("name")


def _check_settings(name, seed, specimen_by):
    if not name:
        raise ValidationError({"name": "Give the dataset a name."})
    if len(name) > Dataset._meta.get_field("name").max_length:
        raise ValidationError({"name": f"A name has at most 80 characters, this one {len(name)}."})
    if not 0 <= seed <= MAX_SEED:
        raise ValidationError({"seed": f"The seed must be from 0 to {MAX_SEED}, got {seed}."})
    if specimen_by not in SPECIMEN_BY:
        raise ValidationError({"specimen_by": f"Choose one of: {', '.join(SPECIMEN_BY)}."})


def _check_runs(project, runs):
    for run in runs:
        if run.project_id != project.pk or run.kind != Run.Kind.SYNTHESISE:
            raise ValidationError({"runs": f"Run {run.pk} made no synthetic images in this project."})
        if run.status != Run.Status.SUCCEEDED:
            raise ValidationError({"runs": f"Run {run.pk} has not made all its images; let it go on."})


def _check_reviewed(project, frames):
    known = Frame.objects.ready().filter(acquisition__project=project, pk__in=frames)
    if known.count() < len(frames):
        raise ValidationError({"frames": "Some of these images are not in this project, or not yet read."})
    done = reviewed_layers(project, frames=frames).values("frame")
    missing = known.exclude(pk__in=done).select_related("acquisition")
    if n := missing.count():
        some = ", ".join(f"“{one.acquisition.name}”" for one in missing[:NAMES_SHOWN])
        more = f" and {n - NAMES_SHOWN} more" if n > NAMES_SHOWN else ""
        told = f"{n} of {len(frames)} images {'is' if n == 1 else 'are'} not reviewed ({some}{more})"
        raise ValidationError({"frames": f"{told}; a reviewer marks them in the editor."})


def _check_enough(project, layers, n_synthetic, specimen_by, words):
    n_frames = len(layers) + n_synthetic
    if not n_frames:
        edited = Layer.objects.filter(
            frame__acquisition__project=project, reviewed_sequence__isnull=False
        ).exclude(reviewed_sequence=F("sequence"))
        if words:
            why = f"No reviewed image has the words “{words}”."
        elif n := edited.count():
            was, it = ("s were", "them") if n > 1 else (" was", "it")
            why = f"{n} reviewed image{was} edited since; review {it} again."
        else:
            why = "No image of this project is reviewed yet; a reviewer marks images in the editor."
        raise ValidationError(why)
    if n_frames > MAX_FRAMES:
        raise ValidationError(f"One dataset holds at most {MAX_FRAMES:,} frames, these are {n_frames:,}.")
    specimens = {specimen_of(layer.frame.acquisition, specimen_by) for layer in layers}
    n = len(specimens) + n_synthetic
    if n < MIN_SPECIMENS:
        frames = f"{n_frames} image{'s' * (n_frames != 1)} of {n} specimen{'s' * (n != 1)}"
        raise ValidationError(
            f"These are {frames}, and training, validation and test need a specimen each: review images of "
            f"{MIN_SPECIMENS - n} more, or tell specimens apart more finely."
        )
