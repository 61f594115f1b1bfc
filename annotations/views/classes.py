from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotations.forms import LabelClassForm
from annotations.models import LabelClass, Project, Role
from annotations.models.overview import with_particle_counts
from annotations.services.access import fetch
from annotations.services.classes import create_class, delete_class, suggest, update_class


@require_GET
def classes(request, pk):
    return _page(request, fetch(Project.objects, by=request.user, pk=pk))


@require_POST
def class_create(request, pk):
    project = fetch(Project.objects, by=request.user, may="manageable_by", pk=pk)
    form = LabelClassForm(request.POST)
    if form.is_valid():
        try:
            label_class = create_class(project=project, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"“{label_class}” is added.")
            return redirect("project-classes", pk)
    return _page(request, project, status=400, new_form=form)


@require_POST
def class_update(request, pk, class_pk):
    label_class = _label_class(request, pk, class_pk)
    form = _row_form(label_class, request.POST)
    if form.is_valid():
        try:
            update_class(label_class=label_class, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"“{form.cleaned_data['name']}” is saved.")
            return redirect("project-classes", pk)
    return _page(request, label_class.project, status=400, changed=(label_class.pk, form))


@require_POST
def class_delete(request, pk, class_pk):
    label_class = _label_class(request, pk, class_pk)
    freed = delete_class(by=request.user, label_class=label_class)
    kept = f" Its {freed} particle{'s are' if freed != 1 else ' is'} kept, unclassified." if freed else ""
    messages.success(request, f"“{label_class}” is deleted.{kept}")
    return redirect("project-classes", pk)


def _label_class(request, pk, class_pk):
    rows = LabelClass.objects.select_related("project")
    return fetch(rows, by=request.user, may="manageable_by", project_id=pk, pk=class_pk)


def _row_form(label_class, posted=None):
    initial = {"name": label_class.name, "color": label_class.color, "key": label_class.key}
    return LabelClassForm(posted, initial=initial, prefix=f"class-{label_class.pk}")


def _page(request, project, *, status=200, new_form=None, changed=(None, None)):
    counted = with_particle_counts(project.label_classes.all())
    rows = counted.order_by("key", "pk")  # named, for grouping drops the model's order
    is_manager = project.role_of(request.user) in Role.at_least(Role.MANAGER)
    forms = [(row, changed[1] if row.pk == changed[0] else _row_form(row)) for row in rows]
    words = {
        "project": project,
        "rows": forms,
        "is_manager": is_manager,
        "new_form": new_form or LabelClassForm(initial=suggest(project=project)),
    }
    return render(request, "annotations/classes.html", words, status=status)
