"""Runs of engines: a project's list, and one run with what it did on each image."""

from csp.decorators import csp_update
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotations.models import Frame, Project, Role
from annotations.models.overview import calibrated
from annotations.services.access import fetch
from mlcore.inference.engine import DEFAULT_ENGINE, ENGINES, TITLES
from mlcore.models import Run
from mlcore.services.fair import place_in_line
from mlcore.services.queue_state import workers
from mlcore.services.queues import queue_of
from mlcore.services.runs import (
    MAX_NOTES,
    cancel_run,
    note_on_run,
    pause_run,
    resume_run,
    retry_run,
    start_inference,
)
from mlcore.services.train_start import KINDS_OF_TRAINING
from mlcore.views import run_parts
from mlcore.views.training import CHART_STYLES

RUNS_A_PAGE, LINES = 25, 20


class StartForm(forms.Form):
    engine = forms.ChoiceField(choices=[(name, TITLES[name]) for name in ENGINES])


class NotesForm(forms.Form):
    notes = forms.CharField(
        required=False, strip=True, widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_NOTES})
    )


@require_GET
def project_runs(request, pk):
    project = fetch(Project.objects, by=request.user, pk=pk)
    runs = project.runs.select_related("created_by", "frame__acquisition", "dataset", "model_version")
    kind = request.GET.get("kind", "")
    shown = runs.filter(kind=kind) if kind in Run.Kind.values else runs
    frames = Frame.objects.ready().filter(acquisition__project=project)
    page = {
        "project": project,
        "page": Paginator(shown, RUNS_A_PAGE).get_page(request.GET.get("page")),
        "form": StartForm(initial={"engine": DEFAULT_ENGINE}),
        "n_frames": frames.count(),
        "n_uncalibrated": _uncalibrated(project),
        "active": runs.active().filter(kind=Run.Kind.INFER, frame=None).first(),
        "kinds": [(value, label) for value, label in Run.Kind.choices if runs.filter(kind=value).exists()],
        "kind": kind if kind in Run.Kind.values else "",
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
    runs = Run.objects.select_related(
        "project", "created_by", "frame__acquisition", "dataset", "model_version", "parent"
    )
    found = fetch(runs, by=request.user, pk=pk)
    page = {
        "project": found.project,
        "run": found,
        "part": run_parts.part_of(found),
        "before": place_in_line(found),
        "has_workers": _has_workers(found),
        "lines": found.lines.order_by("-pk")[:LINES],
        "notes_form": NotesForm(initial={"notes": found.notes}),
        "may_run": _may_run(found.project, request.user),
        "page_data": {"project": found.project_id, "run": found.pk, "part": "#run"},
        **run_parts.context_of(found, request),
    }
    if found.kind in KINDS_OF_TRAINING:
        return csp_update(CHART_STYLES)(render)(request, "mlcore/run.html", page)
    return render(request, "mlcore/run.html", page)


@require_POST
def run_cancel(request, pk):
    return _then_back(request, pk, lambda run: cancel_run(run=run))


@require_POST
def run_pause(request, pk):
    return _then_back(request, pk, lambda run: pause_run(run=run))


@require_POST
def run_resume(request, pk):
    return _then_back(request, pk, lambda run: resume_run(run=run))


@require_POST
def run_retry(request, pk):
    """Try again; `offer` in the form: with the settings that will fit."""
    may_offer = "offer" in request.POST
    return _then_back(
        request,
        pk,
        lambda run: retry_run(
            run=run, by=request.user, config={**run.config, **run.offer} if may_offer else None
        ),
    )


@require_POST
def run_notes(request, pk):
    form = NotesForm(request.POST)

    def note(run):
        if not form.is_valid():
            raise ValidationError(form.errors["notes"].as_data())
        return note_on_run(run=run, notes=form.cleaned_data["notes"])

    return _then_back(request, pk, note)


def _then_back(request, pk, do):
    found = fetch(Run.objects, by=request.user, may="editable_by", pk=pk)
    try:
        found = do(found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except Run.DoesNotExist:
        raise Http404 from None
    return redirect(found)


def _has_workers(found):
    """Whether a worker takes from the queue of a run that waits; asked only then."""
    if found.status != Run.Status.QUEUED:
        return True
    return any(queue_of(found) in worker["queues"] for worker in workers())


def _may_run(project, user):
    return project.role_of(user) in Role.at_least(Role.ANNOTATOR)


def _uncalibrated(project):
    """How many images have no calibration in force, so that their particles stay in pixels."""
    frames = Frame.objects.ready().filter(acquisition__project=project)
    return frames.count() - calibrated(frames).count()
