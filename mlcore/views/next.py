"""What to annotate next, and learning from what was corrected."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from annotations.models import Frame, Project, Role
from annotations.services.access import fetch
from mlcore.models import Run
from mlcore.services.compare_start import (
    MOST_FRAMES,
    NEXT,
    second_of,
    start_ranking,
    waiting_frames,
)
from mlcore.services.fine_tune import reviewed_since, start_from_corrections
from mlcore.services.model_versions import champion_of
from mlcore.services.next_frames import WORTH, next_after, queue

FRAMES_A_PAGE = 25
RANKED = 50


class RankForm(forms.Form):
    n_frames = forms.IntegerField(
        label="Images", min_value=1, max_value=MOST_FRAMES, initial=RANKED,
        help_text=f"The newest that wait for a person, 1 to {MOST_FRAMES}.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def next_frames(request, pk):
    may = "editable_by" if request.method == "POST" else "visible_to"
    project = fetch(Project.objects, by=request.user, may=may, pk=pk)
    form = RankForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = start_ranking(by=request.user, project=project, n_frames=form.cleaned_data["n_frames"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"Run {run.pk} looks at them; the order appears here as it goes on.")
            return redirect("project-next", project.pk)
    ranking, waiting = queue(project)
    rankings = project.runs.filter(kind=Run.Kind.COMPARE, config__purpose=NEXT)
    shown = {
        "project": project,
        "ranking": ranking,
        "second": ranking and second_of(ranking),
        "active": rankings.active().first(),
        "n_waiting": len(waiting),
        "page": Paginator(waiting, FRAMES_A_PAGE).get_page(request.GET.get("page")),
        "first": waiting[0] if waiting else None,
        "n_unreviewed": waiting_frames(project).count(),
        "n_corrected": reviewed_since(project).count(),
        "champion": champion_of(project),
        "worth": WORTH,
        "form": form if form.is_bound else RankForm(),
        "may_run": project.role_of(request.user) in Role.at_least(Role.ANNOTATOR),
        "page_data": {"project": project.pk, "part": "#next"},
    }
    return render(request, "mlcore/next.html", shown, status=400 if form.errors else 200)


@require_POST
def next_frame(request, pk):
    """On to the frame that waits behind another, in the editor."""
    frame = fetch(Frame.objects, by=request.user, may="editable_by", pk=pk)
    project = Project.objects.get(acquisitions=frame.acquisition_id)
    found = next_after(project, frame.pk)
    if found is None:
        messages.success(request, "That was the last image of the queue.")
        return redirect("project-next", project.pk)
    return redirect(f"{found.get_absolute_url()}?queue=1")


@require_POST
def fine_tune(request, pk):
    """Freeze what was reviewed, and on to the form that trains with it from the champion."""
    project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
    try:
        dataset = start_from_corrections(by=request.user, project=project)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("project-next", project.pk)
    champion = champion_of(project)
    messages.success(request, f"{dataset} is being frozen; start the training as soon as it is ready.")
    response = redirect("run-train", project.pk)
    base = f"&base={champion.pk}" if champion else ""
    response["Location"] += f"?dataset={dataset.pk}{base}"
    return response
