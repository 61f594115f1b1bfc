"""Which model a project's images are searched with: promoted if it is not worse, taken back in one step.

The rule is written down in docs/models.md: the candidate's F1 on the project's locked test frames, less that
of the champion on the very same frames, has a 95 % interval whose lower end lies above -MARGIN.
"""

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotations.services.notify import push
from mlcore.evaluation.paired import paired_f1
from mlcore.models import Dataset, Evaluation, ModelVersion, Promotion
from mlcore.services.evaluate_start import datasets_with_test, evaluations_of
from mlcore.services.lineage import FROM_MICROSCOPES
from mlcore.services.model_versions import champion_number, champion_of

MARGIN = 0.02  # of F1: what a candidate may at most be worse by
LEAST_FRAMES = 3  # of fewer an interval says nothing
FEW_FRAMES = 12  # of fewer a percentile interval is narrower than it should be, and the page says so
SHIPPED = "the shipped model"


@dataclass(frozen=True)
class Comparison:
    """A candidate against the champion on the locked test set; without a `refusal` it may be promoted."""

    candidate: ModelVersion
    champion: ModelVersion | None
    dataset: Dataset | None
    of_candidate: Evaluation | None = None
    of_champion: Evaluation | None = None
    difference: dict = field(default_factory=dict)
    refusal: str = ""
    warnings: tuple = ()

    @property
    def is_missing_evaluation(self):
        return self.dataset is not None and not (self.of_candidate and self.of_champion)

    def kept(self):
        """What a promotion's row keeps of it."""
        return {
            "dataset": self.dataset.pk,
            "dataset_name": str(self.dataset),
            "champion": self.champion.pk if self.champion else None,
            "margin": MARGIN,
            **self.difference,
        }


def locked_test_set(project):
    """The dataset that promotions are decided on: the one frozen last with test frames from a microscope.

    Without any such, the one frozen last. Nobody chooses it at a promotion, so nobody can choose the one that
    suits.
    """
    frozen = datasets_with_test(project)
    real = frozen.filter(frames__split="test", frames__origin__in=FROM_MICROSCOPES).distinct()
    return real.first() or frozen.first()


def compare(candidate):
    """A model against its project's champion, as a promotion of it would be decided now."""
    project, champion = candidate.project, champion_of(candidate.project)
    dataset = locked_test_set(project)
    known = {"candidate": candidate, "champion": champion, "dataset": dataset}
    name = str(champion or SHIPPED)
    if candidate.is_gan:
        refusal = f"{candidate} makes images and finds no particles: it can be no champion."
        return Comparison(**known, refusal=refusal)
    if champion == candidate:
        return Comparison(**known, refusal=f"{candidate} is the champion already.")
    mismatch, warnings = _classes(candidate, project)
    if mismatch:
        return Comparison(**known, refusal=mismatch)
    if dataset is None:
        refusal = "The project has no locked test set; freeze a dataset with a test part first."
        return Comparison(**known, refusal=refusal, warnings=warnings)
    of_candidate = evaluations_of(candidate).filter(dataset=dataset).first()
    of_champion = evaluations_of(champion).filter(dataset=dataset).first()
    known |= {"of_candidate": of_candidate, "of_champion": of_champion}
    missing = [str(one) for one, of in ((candidate, of_candidate), (name, of_champion)) if of is None]
    if missing:
        refusal = f"Not evaluated on the test part of {dataset} yet: {' and '.join(missing)}."
        return Comparison(**known, refusal=refusal, warnings=warnings)
    difference = paired_f1(_counts(of_candidate), _counts(of_champion))
    refusal = _refusal(candidate, name, difference)
    if not refusal and difference["n"] < FEW_FRAMES:
        warnings += (
            f"The interval rests on {difference['n']} frames; under {FEW_FRAMES} it is narrower than it "
            "should be.",
        )
    return Comparison(**known, difference=difference, refusal=refusal, warnings=warnings)


def promote(*, by, candidate, expected) -> Promotion:
    """Make a model its project's champion.

    `expected` is the number of the promotion that counted when `by` looked (`champion_number`).

    Raises
    ------
    ValidationError
        If the model is not shown to be no worse than the champion, or another was promoted meanwhile.
    """
    project = candidate.project
    _check_expected(project, expected)
    comparison = compare(candidate)
    if comparison.refusal:
        raise ValidationError(comparison.refusal)
    return _write(project, expected, by=by, model_version=candidate, comparison=comparison.kept())


def roll_back(*, by, project, expected) -> Promotion:
    """Go back to the champion before, as one more promotion.

    Raises
    ------
    ValidationError
        If there is none before, or another was promoted meanwhile.
    """
    _check_expected(project, expected)
    line = champions(project)
    if len(line) < 2:
        raise ValidationError("No model was promoted that could be taken back.")
    return _write(project, expected, by=by, model_version=line[-2], is_rollback=True)


def champions(project):
    """The champions that a rollback leads through, the present one last; None is the shipped model."""
    line = [None]
    for one in project.promotions.select_related("model_version").order_by("number"):
        if one.is_rollback:
            line.pop()
        else:
            line.append(one.model_version)
    return line


def _write(project, expected, **values):
    try:
        with transaction.atomic():
            promotion = Promotion.objects.create(project=project, number=expected + 1, **values)
    except IntegrityError as error:  # both looked at the same champion; the other was first
        raise ValidationError(_overtaken(project)) from error
    model = promotion.model_version
    payload = {"number": promotion.number, "model": model.pk if model else None}
    push(project_id=project.pk, kind="promotion", payload=payload)
    return promotion


def _check_expected(project, expected):
    if champion_number(project) != expected:
        raise ValidationError(_overtaken(project))


def _overtaken(project):
    last = project.promotions.select_related("by", "model_version").first()
    if last is None:
        return "This page is out of date; load it again."
    who = last.by.display_name if last.by else "Somebody"
    return (
        f"{who} made {last.model_version or SHIPPED} the champion meanwhile; nothing was changed. "
        "Look at the comparison with it, then decide again."
    )


def _classes(candidate, project):
    """Why a model cannot serve a project's classes, and what people should know where it partly can."""
    names = {one.lower(): one for one in project.label_classes.values_list("name", flat=True)}
    told = {one.lower(): one for one in candidate.classes}
    if not names or not told:
        return "", ()
    if not set(names) & set(told):
        return (
            f"{candidate} tells apart {_listed(told.values())}, and the project’s classes are "
            f"{_listed(names.values())}: they have none in common."
        ), ()
    missing = [names[one] for one in names if one not in told]
    return "", (f"It never finds these classes of the project: {_listed(missing)}.",) if missing else ()


def _listed(names):
    return ", ".join(f"“{one}”" for one in sorted(names))


def _counts(evaluation):
    return {
        one["name"]: (one["matched"], one["true"], one["found"])
        for one in evaluation.frames
        if not one.get("is_learnt")
    }


def _refusal(candidate, champion, difference):
    if difference["n"] < LEAST_FRAMES:
        there_are = "there is" if difference["n"] == 1 else "there are"
        return (
            f"A comparison needs at least {LEAST_FRAMES} test frames that neither model learnt from, and "
            f"{there_are} {difference['n']}."
        )
    if difference["value"] is None or difference["low"] is None:
        return "There is no F1 to compare: the test frames hold no particles, and none was found."
    if difference["low"] > -MARGIN:
        return ""
    value, low, high = (f"{difference[key]:+.3f}".replace("-", "−") for key in ("value", "low", "high"))
    return (
        f"Not shown to be no worse than {champion}: the difference in F1 is {value} ({low} to {high}), and "
        f"the lower end must lie above −{MARGIN:g}."
    )
