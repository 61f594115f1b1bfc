"""Queue a comparison of two members, a model or an engine each, over frames of a project.

A comparison writes counts and sizes, never a layer: what a model on trial draws is nobody's suggestion.
"""

from django.core.exceptions import ValidationError

from annotations.models import Frame, Layer
from mlcore.inference.engine import ENGINES
from mlcore.models import DatasetFrame, ModelVersion, Run
from mlcore.services.lineage import LEARNT_IN, line_of
from mlcore.services.model_versions import LEARNED, champion_of
from mlcore.services.runs import start_run

MOST_FRAMES = 200
SHADOW, NEXT = "shadow", "next"  # what a comparison is for
CLASSICAL = "classical"


def start_shadow(*, by, candidate, n_frames=40) -> Run:
    """Compare a model with its project's champion on the newest frames that neither learnt from.

    Raises
    ------
    ValidationError
        If it is the champion, the number of frames makes no sense, or there is no such frame.
    """
    champion = champion_of(candidate.project)
    if champion == candidate:
        raise ValidationError(f"{candidate} is the champion; there is nothing to compare it with.")
    frames = new_frames(candidate.project, candidate, champion)
    second = {"engine": LEARNED, "model": champion.pk if champion else None}
    nothing = "There is no image that neither model learnt from; upload new ones first."
    return _start(by, candidate.project, candidate, second, frames, n_frames, SHADOW, nothing)


def start_ranking(*, by, project, n_frames=MOST_FRAMES) -> Run:
    """Compare the champion with its parent, or with the classical engine, on frames that wait for a person.

    Raises
    ------
    ValidationError
        If nothing waits, or the number of frames makes no sense.
    """
    champion = champion_of(project)
    second = {"engine": CLASSICAL, "model": None}
    if champion is not None and champion.parent_id is not None:
        second = {"engine": LEARNED, "model": champion.parent_id}
    nothing = "No image waits to be annotated: all are reviewed, or none has been uploaded yet."
    return _start(by, project, champion, second, waiting_frames(project), n_frames, NEXT, nothing)


def new_frames(project, *models):
    """Ready frames, the newest first, that no model of the lines named learnt from."""
    datasets = [one.dataset_id for model in models for one in line_of(model) if one.dataset_id]
    learnt = DatasetFrame.objects.filter(dataset__in=datasets, split__in=LEARNT_IN, frame__isnull=False)
    return _newest(project).exclude(pk__in=learnt.values("frame"))


def waiting_frames(project):
    """Ready frames, the newest first, whose annotations no reviewer has called right."""
    reviewed = Layer.objects.reviewed().filter(kind=Layer.Kind.WORKING)
    return _newest(project).exclude(pk__in=reviewed.values("frame"))


def second_of(run):
    """Words for what a comparison's model was compared with."""
    if run.config["second"]["engine"] == CLASSICAL:
        return "the classical engine"
    model = ModelVersion.objects.filter(pk=run.config["second"]["model"]).first()
    return str(model) if model else "the shipped model"


def _newest(project):
    frames = Frame.objects.ready().filter(acquisition__project=project)
    return frames.order_by("-acquisition__uploaded_at", "-acquisition_id", "index")


def _start(by, project, model, second, frames, n_frames, purpose, nothing):
    if LEARNED not in ENGINES and model is None:
        raise ValidationError("This installation has no shipped weights; promote a model first.")
    if not 1 <= n_frames <= MOST_FRAMES:
        raise ValidationError({"n_frames": f"A comparison takes 1 to {MOST_FRAMES} images."})
    keys = list(frames.values_list("pk", flat=True)[:n_frames])
    if not keys:
        raise ValidationError(nothing)
    return start_run(
        by=by, project=project, kind=Run.Kind.COMPARE, engine=LEARNED, model_version=model,
        config={"purpose": purpose, "second": second, "frames": keys}, steps_total=len(keys),
    )  # fmt: skip
