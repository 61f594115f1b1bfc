"""The models of a project: which one is in use, how good each is, what it learnt from; promoting one."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.models import Project, Role
from annotations.services.access import fetch
from mlcore.card import card_parts
from mlcore.inference.weights import SHIPPED
from mlcore.models import Evaluation, ModelVersion, Run
from mlcore.services.compare_start import MOST_FRAMES, new_frames, second_of, start_shadow
from mlcore.services.evaluate_start import (
    datasets_with_test,
    evaluations_of,
    start_evaluation,
)
from mlcore.services.lineage import LEARNT_IN, line_of
from mlcore.services.model_versions import (
    CARD,
    champion_number,
    champion_of,
    packed,
    shipped_version,
)
from mlcore.services.promotion import (
    FEW_FRAMES,
    MARGIN,
    champions,
    compare,
    locked_test_set,
    promote,
    roll_back,
)
from mlcore.services.shadow import shadow_report, shadow_runs
from mlcore.views.model_drawings import number_line, size_columns

FRAMES_A_PAGE = 100
MODELS_A_PAGE = 50
SHADOW_FRAMES = 40


class ExpectedForm(forms.Form):
    """`expected` is the promotion that counted when the page was made: who was overtaken is told."""

    expected = forms.IntegerField(min_value=0)


class ShadowForm(forms.Form):
    n_frames = forms.IntegerField(
        label="Images", min_value=1, max_value=MOST_FRAMES, initial=SHADOW_FRAMES,
        help_text=f"The newest that neither model learnt from, 1 to {MOST_FRAMES}.",
    )  # fmt: skip


@require_safe
def project_models(request, pk):
    project = fetch(Project.objects, by=request.user, pk=pk)
    champion, dataset = champion_of(project), locked_test_set(project)
    versions = project.model_versions.select_related("dataset", "run", "parent", "created_by")
    page = Paginator(versions, MODELS_A_PAGE).get_page(request.GET.get("page"))
    on_test = {
        one.model_version_id: one
        for one in Evaluation.objects.filter(dataset=dataset, model_version__in=page.object_list)
    }
    for version in page:
        version.on_test = on_test.get(version.pk)
    shown = {
        "project": project,
        "page": page,
        "champion": champion,
        "dataset": dataset,
        "shipped": {"version": shipped_version(), "on_test": _shipped_on(dataset)},
        "promotions": project.promotions.select_related("model_version", "by")[:20],
        "expected": champion_number(project),
        "before": _before(project),
        "margin": MARGIN,
        **_may(project, request.user),
        "page_data": {"project": project.pk, "part": "#models"},
    }
    return render(request, "mlcore/models.html", shown)


@require_safe
def model_version(request, pk):
    version = _model(request, pk)
    project = version.project
    evaluations = version.evaluations.select_related("dataset", "run")
    done = evaluations.values("dataset")
    frames = version.dataset.frames.select_related("frame__acquisition") if version.dataset else None
    shown = {
        "project": project,
        "version": version,
        "is_champion": champion_of(project) == version,
        "card": card_parts(version.card),
        "evaluations": evaluations,
        "open_datasets": datasets_with_test(project).exclude(pk__in=done),
        "line": line_of(version)[1:],
        "frames": frames and Paginator(frames, FRAMES_A_PAGE).get_page(request.GET.get("page")),
        "n_learnt": frames.filter(split__in=LEARNT_IN).count() if frames is not None else 0,
        "n_runs": version.runs.filter(kind=Run.Kind.INFER).count(),
        **_may(project, request.user),
        "page_data": {"project": project.pk, "part": "#model"},
    }
    return render(request, "mlcore/model.html", shown)


@require_safe
def model_shipped(request, pk):
    """The card of what came with the installation, and its figures on the project's datasets."""
    project = fetch(Project.objects, by=request.user, pk=pk)
    evaluations = evaluations_of(None).filter(dataset__project=project).select_related("dataset", "run")
    path = SHIPPED / CARD
    shown = {
        "project": project,
        "version": None,
        "shipped": shipped_version(),
        "is_champion": champion_of(project) is None,
        "card": card_parts(path.read_text(encoding="utf-8")) if path.exists() else [],
        "evaluations": evaluations,
        "open_datasets": datasets_with_test(project).exclude(pk__in=evaluations.values("dataset")),
        **_may(project, request.user),
        "page_data": {"project": project.pk, "part": "#model"},
    }
    return render(request, "mlcore/model.html", shown)


@require_safe
def model_download(request, pk):
    """The folder of a model as one zip: what `manage.py detect --weights` takes."""
    version = _model(request, pk)
    try:
        file = packed(version)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect(version)
    return FileResponse(
        file, as_attachment=True, filename=f"model-{version.number}-{version.sha256[:12]}.zip"
    )


@require_POST
def model_evaluate(request, pk):
    version = _model(request, pk, may="editable_by")
    return _evaluate(request, version.project, version, version)


@require_POST
def shipped_evaluate(request, pk):
    project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
    return _evaluate(request, project, None, "project-model-shipped", project.pk)


def _evaluate(request, project, version, *back):
    """Start what the form asks for: on one `dataset`, or without one on all."""
    try:
        asked = request.POST.get("dataset")
        dataset = fetch(project.datasets, by=request.user, pk=int(asked)) if asked else None
        run = start_evaluation(by=request.user, project=project, dataset=dataset, model_version=version)
    except ValueError:
        messages.error(request, "Choose one of the datasets listed.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        return redirect(run)
    return redirect(*back)


@require_http_methods(["GET", "HEAD", "POST"])
def model_promote(request, pk):
    may = "reviewable_by" if request.method == "POST" else "visible_to"
    version = _model(request, pk, may=may)
    form, status = ExpectedForm(request.POST or None), 200
    if request.method == "POST":
        try:
            if not form.is_valid():
                raise ValidationError("This page is out of date; load it again, then decide.")
            promote(by=request.user, candidate=version, expected=form.cleaned_data["expected"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            status = 409
        else:
            messages.success(request, f"{version} is the champion: images are searched with it from now on.")
            return redirect("project-models", version.project_id)
    comparison = compare(version)
    members = (version, comparison.of_candidate), (comparison.champion, comparison.of_champion)
    shown = {
        "project": version.project,
        "version": version,
        "comparison": comparison,
        "both": [(model or "The shipped model", of.figures) for model, of in members if of],
        "line": number_line(comparison.difference, MARGIN),
        "margin": MARGIN,
        "few": FEW_FRAMES,
        "expected": champion_number(version.project),
        **_may(version.project, request.user),
        # Where there is a decision to take, what it is taken on must not change under the pointer.
        "page_data": {"project": version.project_id, "part": "#promote" if comparison.refusal else None},
    }
    return render(request, "mlcore/promote.html", shown, status=status)


@require_POST
def model_roll_back(request, pk):
    project = fetch(Project.objects, by=request.user, may="reviewable_by", pk=pk)
    form = ExpectedForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError("This page is out of date; load it again, then decide.")
        done = roll_back(by=request.user, project=project, expected=form.cleaned_data["expected"])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{done.model_version or 'The shipped model'} is the champion again.")
    return redirect("project-models", project.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def model_shadow(request, pk):
    may = "editable_by" if request.method == "POST" else "visible_to"
    version = _model(request, pk, may=may)
    form = ShadowForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = start_shadow(by=request.user, candidate=version, n_frames=form.cleaned_data["n_frames"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"Run {run.pk} compares them; its figures appear here frame by frame.")
            return redirect("model-shadow", version.pk)
    champion = champion_of(version.project)
    run = shadow_runs(version).first()
    report = run and shadow_report(run)
    shown = {
        "project": version.project,
        "version": version,
        "champion": champion,
        "run": run,
        "second": run and second_of(run),
        "report": report,
        "histograms": [size_columns(one) for one in report["histograms"]] if report else [],
        "form": form if form.is_bound else ShadowForm(),
        "n_new": new_frames(version.project, version, champion).count(),
        **_may(version.project, request.user),
        "page_data": {"project": version.project_id, "part": "#shadow"},
    }
    return render(request, "mlcore/shadow.html", shown, status=400 if form.errors else 200)


def _model(request, pk, may="visible_to"):
    found = fetch(ModelVersion.objects, by=request.user, may=may, pk=pk)
    versions = ModelVersion.objects.select_related("project", "dataset", "run", "parent", "created_by")
    return versions.get(pk=found.pk)


def _may(project, user):
    role = project.role_of(user)
    return {
        "may_run": role in Role.at_least(Role.ANNOTATOR),
        "may_promote": role in Role.at_least(Role.REVIEWER),
    }


def _before(project):
    """What a rollback would go back to, and whether there is one."""
    line = champions(project)
    return {"is_there": len(line) > 1, "model": line[-2] if len(line) > 1 else None}


def _shipped_on(dataset):
    return evaluations_of(None).filter(dataset=dataset).first() if dataset else None
