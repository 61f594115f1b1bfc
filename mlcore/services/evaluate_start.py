"""Queue evaluations: a model on one dataset's test part, or on those of all datasets of its project."""

from django.core.exceptions import ValidationError

from mlcore.inference.engine import ENGINES
from mlcore.models import DatasetFrame, Evaluation, Run
from mlcore.services.model_versions import LEARNED, shipped_version
from mlcore.services.runs import start_run

TEST = DatasetFrame.Split.TEST
NO_WEIGHTS = "This installation has no shipped weights; choose a model of the project."
NONE_OPEN = "{model} has been evaluated on every dataset of this project that has a test part."


def evaluations_of(model_version):
    """Those of a model, or of the shipped one as it is now."""
    if model_version is not None:
        return Evaluation.objects.filter(model_version=model_version)
    return Evaluation.objects.filter(model_version=None, shipped_version=shipped_version())


def datasets_with_test(project):
    """The project's frozen datasets that hold test frames, the latest first."""
    with_test = DatasetFrame.objects.filter(split=TEST, dataset__project=project).values("dataset")
    return project.datasets.ready().filter(pk__in=with_test).order_by("-frozen_at", "-pk")


def start_evaluation(*, by, project, dataset=None, model_version=None) -> Run:
    """Queue the evaluation of a model (None: the shipped one) on a dataset's test part.

    Without a dataset it is a benchmark: all datasets of the project that have a test part and that the model
    has not been evaluated on. What was evaluated once is not again: weights and test part never change.

    Raises
    ------
    ValidationError
        If there is nothing to evaluate on, it has been done or is under way, or the model is another
        project's.
    """
    if model_version is None and LEARNED not in ENGINES:
        raise ValidationError({"model_version": NO_WEIGHTS})
    if model_version is not None and model_version.project_id != project.pk:
        raise ValidationError({"model_version": "This model belongs to another project."})
    name = str(model_version or "The shipped model")
    done = evaluations_of(model_version).values("dataset")
    if dataset is None:
        chosen = list(datasets_with_test(project).exclude(pk__in=done))
        if not chosen:
            any_at_all = datasets_with_test(project).exists()
            raise ValidationError(
                NONE_OPEN.format(model=name) if any_at_all
                else "No dataset of this project has a test part; freeze one with more frames first."
            )  # fmt: skip
        kind = Run.Kind.BENCHMARK
    else:
        _check(project, dataset, name, done)
        chosen, kind = [dataset], Run.Kind.EVALUATE
    n_frames = DatasetFrame.objects.filter(dataset__in=chosen, split=TEST).count()
    return start_run(
        by=by, project=project, kind=kind, engine=LEARNED, dataset=dataset, model_version=model_version,
        config={"datasets": [one.pk for one in chosen]}, steps_total=n_frames,
    )  # fmt: skip


def _check(project, dataset, name, done):
    if dataset.project_id != project.pk:
        raise ValidationError({"dataset": "This dataset belongs to another project."})
    if dataset.status != dataset.Status.READY:
        raise ValidationError({"dataset": f"{dataset} is not frozen yet; wait until it is ready."})
    if not dataset.frames.filter(split=TEST).exists():
        raise ValidationError(
            {"dataset": f"{dataset} has no test part; freeze one with frames of more specimens."}
        )
    if done.filter(dataset=dataset).exists():
        raise ValidationError(
            f"{name} has been evaluated on {dataset} already; neither can change, so the figures stand."
        )
