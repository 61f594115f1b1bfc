"""What a project is called, for its managers; and its end, for its owners."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from annotations.models import Acquisition, Particle, Project, Role
from annotations.models.overview import IS_DRAWN
from annotations.services.access import fetch
from annotations.services.projects import delete_project, update_project
from annotations.views.project_forms import ProjectDeletionForm, ProjectForm


@require_http_methods(["GET", "POST"])
def project_settings(request, pk):
    project = fetch(Project.objects, by=request.user, may="manageable_by", pk=pk)
    form = ProjectForm(
        request.POST or None, initial={"name": project.name, "description": project.description}
    )
    if form.is_valid():
        try:
            update_project(project=project, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The settings are saved.")
            return redirect("project-settings", pk)
    return _page(request, project, status=400 if form.errors else 200, form=form)


@require_POST
def project_delete(request, pk):
    project = fetch(Project.objects, by=request.user, may="owned_by", pk=pk)
    form = ProjectDeletionForm(request.POST)
    if form.is_valid():
        try:
            delete_project(project=project, typed_name=form.cleaned_data["name"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"“{project}” is deleted with all that was in it.")
            return redirect("projects")
    return _page(request, project, status=400, deletion_form=form)


def _page(request, project, *, status, **forms):
    initial = {"name": project.name, "description": project.description}
    words = {
        "project": project,
        "form": ProjectForm(initial=initial),
        "deletion_form": ProjectDeletionForm(),
        "is_owner": project.role_of(request.user) == Role.OWNER,
        "n_acquisitions": Acquisition.objects.filter(project=project).count(),
        "n_particles": Particle.objects.in_project(project).filter(IS_DRAWN).count(),
    }
    return render(request, "annotations/project_settings.html", words | forms, status=status)
