"""Datasets of a project: freeze one, make synthetic frames, and look into one that is ready."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotations.models import Frame, Layer, Project, Role
from annotations.services.access import fetch
from mlcore.models import Dataset, DatasetFrame, Run
from mlcore.services.datasets import discard_dataset, freeze_dataset, reviewed_layers
from mlcore.services.run_folder import run_folder, synthetic_folder
from mlcore.services.stored import is_stored
from mlcore.services.synthesise_start import start_synthesis
from mlcore.views.dataset_charts import SPLITS, class_rows, histograms
from mlcore.views.dataset_forms import FreezeForm, SynthesisForm
from mlcore.views.stored_file import stored_file

DATASETS_A_PAGE, FRAMES_A_PAGE, RUNS_SHOWN = 25, 60, 10
CHANGES = [
    ("added", "New images"),
    ("removed", "Images no longer in it"),
    ("edited", "Truth that was edited"),
    ("pixels", "Images with other pixels"),
]


@require_GET
def project_datasets(request, pk):
    project = fetch(Project.objects, by=request.user, pk=pk)
    return _list_page(request, project, FreezeForm(project=project), SynthesisForm(project=project))


@require_POST
def dataset_freeze(request, pk):
    project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
    form = FreezeForm(request.POST, project=project)
    if form.is_valid():
        try:
            return redirect(freeze_dataset(by=request.user, project=project, **form.wanted()))
        except ValidationError as error:
            _add_errors(form, error)
    return _list_page(request, project, form, SynthesisForm(project=project), status=400)


@require_POST
def synthesis_start(request, pk):
    project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
    form = SynthesisForm(request.POST, project=project)
    if form.is_valid():
        try:
            asked = {name: form.cleaned_data[name] for name in ("seed", "gan")} | {"config": form.config()}
            return redirect(start_synthesis(by=request.user, project=project, **asked))
        except ValidationError as error:
            _add_errors(form, error)
    return _list_page(request, project, FreezeForm(project=project), form, status=400)


@require_GET
def dataset(request, pk):
    found = fetch(Dataset.objects.select_related("project", "created_by"), by=request.user, pk=pk)
    split = request.GET.get("split", "")
    frames = found.frames.select_related("frame").order_by("name")
    if split in dict(SPLITS):
        frames = frames.filter(split=split)
    composition = found.composition
    page = {
        "project": found.project,
        "dataset": found,
        "versions": found.project.datasets.filter(name=found.name).order_by("-version")[:RUNS_SHOWN],
        "page": Paginator(frames, FRAMES_A_PAGE).get_page(request.GET.get("page")),
        "split": split,
        "splits": [(name, title, composition.get("splits", {}).get(name, {})) for name, title in SPLITS],
        "classes": class_rows(composition.get("classes", {})),
        "sides": histograms(composition.get("sides_px"), "px", "Sides of boxes"),
        "diameters": histograms(composition.get("ecd_nm"), "nm", "Diameters"),
        "leaks": _leaks(found),
        "changes": _changes(found.changes),
        "may_freeze": _may(found.project, request.user),
        "page_data": {"project": found.project_id, "part": "#dataset", "kind": "dataset", "id": found.pk},
    }
    return render(request, "mlcore/dataset.html", page)


@require_POST
def dataset_discard(request, pk):
    found = fetch(Dataset.objects.select_related("project"), by=request.user, may="editable_by", pk=pk)
    try:
        discard_dataset(dataset=found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(found)
    return redirect("project-datasets", found.project_id)


@require_GET
def dataset_picture(request, pk, frame_pk):
    """A frame as it was frozen, small."""
    found = fetch(Dataset.objects, by=request.user, pk=pk)
    row = get_object_or_404(DatasetFrame, dataset=found, pk=frame_pk)
    return stored_file(request, found.folder, row.file.replace(".npz", ".png"), "image/png")


@require_GET
def run_picture(request, pk, number):
    """A synthetic frame, small; while its run goes on, from the folder of the run where that is here."""
    run = fetch(Run.objects.filter(kind=Run.Kind.SYNTHESISE), by=request.user, pk=pk)
    name = f"frames/{number:05d}.png"
    if is_stored(synthetic_folder(run.pk)):
        return stored_file(request, synthetic_folder(run.pk), name, "image/png")
    path = run_folder(run) / name
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png")


def _list_page(request, project, form, synthesis_form, status=200):
    datasets = project.datasets.select_related("created_by").defer("sources", "leaks", "changes")
    working = Layer.objects.filter(kind=Layer.Kind.WORKING, frame__acquisition__project=project)
    pages = Paginator(datasets.order_by("-created_at"), DATASETS_A_PAGE)
    page = {
        "project": project,
        "page": pages.get_page(request.GET.get("page")),
        "form": form,
        "synthesis_form": synthesis_form,
        "n_frames": Frame.objects.ready().filter(acquisition__project=project).count(),
        "n_reviewed": reviewed_layers(project).count(),
        "n_edited": working.exclude(reviewed_sequence=None).exclude(reviewed_sequence=F("sequence")).count(),
        "runs": project.runs.filter(kind=Run.Kind.SYNTHESISE)[:RUNS_SHOWN],
        "may_freeze": _may(project, request.user),
        "page_data": {"project": project.pk, "part": "#datasets", "kind": "dataset"},
    }
    return render(request, "mlcore/datasets.html", page, status=status)


def _add_errors(form, error):
    for field, texts in getattr(error, "message_dict", {None: error.messages}).items():
        form.add_error(field if field in form.fields else None, texts)


def _may(project, user):
    return project.role_of(user) in Role.at_least(Role.ANNOTATOR)


def _leaks(found):
    """The pairs with the keys of their frames, for pictures side by side."""
    files = {pair[side]["file"] for pair in found.leaks for side in ("one", "other")}
    keys = dict(found.frames.filter(file__in=files).values_list("file", "pk"))
    titles = dict(SPLITS)
    return [
        {
            **pair,
            "sides": [
                {**pair[side], "pk": keys.get(pair[side]["file"]), "title": titles[pair[side]["split"]]}
                for side in ("one", "other")
            ],
        }
        for pair in found.leaks
    ]


def _changes(changes):
    """What is new against the version before, as lists with a heading each; None in the first version."""
    if not changes:
        return None
    counts, titles = changes["counts"], dict(SPLITS)
    lists = [
        {"title": title, "n": counts[name], "names": changes[name]} for name, title in CHANGES if counts[name]
    ]
    if counts["moved"]:
        moved = [f"{one['name']}: {titles[one['from']]} to {titles[one['to']]}" for one in changes["moved"]]
        lists.append({"title": "In another part of the split", "n": counts["moved"], "names": moved})
    return {"version": changes["version"], "dataset": changes["dataset"], "lists": lists}
