"""Runs of engines: a project's list, and one run with what it did on each image."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotations.models import Frame, Particle, Project, Role
from annotations.models.overview import calibrated
from annotations.services.access import fetch
from mlcore.inference.engine import DEFAULT_ENGINE, ENGINES, TITLES
from mlcore.models import Prediction, Run
from mlcore.services.runs import cancel_run, start_inference

RUNS_A_PAGE, IMAGES_A_PAGE = 25, 50


class StartForm(forms.Form):
    engine = forms.ChoiceField(choices=[(name, TITLES[name]) for name in ENGINES])


@require_GET
def project_runs(request, pk):
    project = fetch(Project.objects, by=request.user, pk=pk)
    runs = project.runs.select_related("created_by", "frame__acquisition")
    frames = Frame.objects.ready().filter(acquisition__project=project)
    page = {
        "project": project,
        "page": Paginator(runs, RUNS_A_PAGE).get_page(request.GET.get("page")),
        "form": StartForm(initial={"engine": DEFAULT_ENGINE}),
        "n_frames": frames.count(),
        "n_uncalibrated": _uncalibrated(project),
        "active": runs.active().filter(frame=None).first(),
        "may_run": _may_run(project, request.user),
        "page_data": {"project": project.pk, "part": "#runs"},
    }
    return render(request, "mlcore/runs.html", page)


@require_POST
def run_start(request, pk):
    project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
    form = StartForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError("Choose one of the engines listed.")
        run = start_inference(by=request.user, project=project, engine=form.cleaned_data["engine"])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("project-runs", project.pk)
    return redirect(run)


@require_GET
def run(request, pk):
    found = fetch(
        Run.objects.select_related("project", "created_by", "frame__acquisition"), by=request.user, pk=pk
    )
    pending = Q(layer__particles__decision=Particle.Decision.PENDING)
    accepted = Q(layer__particles__decision=Particle.Decision.ACCEPTED)
    siblings = Frame.objects.filter(acquisition=OuterRef("frame__acquisition")).order_by()
    n_frames = siblings.values("acquisition").annotate(n=Count("pk")).values("n")
    predictions = (
        Prediction.objects.filter(run=found)
        .select_related("frame__acquisition")
        .annotate(
            n_frames=Subquery(n_frames),
            n_particles=Count("layer__particles"),
            n_pending=Count("layer__particles", filter=pending),
            n_accepted=Count("layer__particles", filter=accepted),
        )
        .order_by("frame__acquisition", "frame__index")
    )
    page = {
        "project": found.project,
        "run": found,
        "page": Paginator(predictions, IMAGES_A_PAGE).get_page(request.GET.get("page")),
        "may_run": _may_run(found.project, request.user),
        "page_data": {"project": found.project_id, "run": found.pk, "part": "#run"},
    }
    return render(request, "mlcore/run.html", page)


@require_POST
def run_cancel(request, pk):
    found = fetch(Run.objects, by=request.user, may="editable_by", pk=pk)
    try:
        cancel_run(run=found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except Run.DoesNotExist:
        raise Http404 from None
    return redirect(found)


def _may_run(project, user):
    return project.role_of(user) in Role.at_least(Role.ANNOTATOR)


def _uncalibrated(project):
    """How many images have no calibration in force, so that their particles stay in pixels."""
    frames = Frame.objects.ready().filter(acquisition__project=project)
    return frames.count() - calibrated(frames).count()
