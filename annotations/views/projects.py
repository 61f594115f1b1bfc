from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods

from annotations.models import Membership, Project, Role
from annotations.models.overview import project_tallies, shown
from annotations.services.access import fetch
from annotations.services.projects import create_project
from annotations.views.project_forms import AcquisitionFilterForm, ProjectForm

PROJECTS_A_PAGE = 30
ACQUISITIONS_A_PAGE = 48
VIEWS = {"grid": "layout-grid", "list": "list"}


@require_GET
def projects(request):
    visible = Project.objects.visible_to(request.user)
    words = request.GET.get("q", "")[:100].strip()
    is_long = bool(words) or visible.count() > PROJECTS_A_PAGE
    if words:
        visible = visible.filter(Q(name__icontains=words) | Q(description__icontains=words))
    page = Paginator(visible, PROJECTS_A_PAGE).get_page(request.GET.get("page"))
    roles = dict(Membership.objects.filter(user=request.user).values_list("project", "role"))
    tallies = project_tallies(page)
    cards = [
        {"project": project, "tally": tallies[project.pk], "role": Role(roles[project.pk]).label}
        for project in page
    ]
    words = {"page": page, "cards": cards, "words": words, "is_long": is_long}
    return render(request, "annotations/projects.html", words)


@require_http_methods(["GET", "POST"])
def project_new(request):
    form = ProjectForm(request.POST or None)
    if form.is_valid():
        try:
            project = create_project(by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect(project)
    status = 400 if form.errors else 200
    return render(request, "annotations/project_new.html", {"form": form}, status=status)


@require_GET
@ensure_csrf_cookie
def project(request, pk):
    """The acquisitions; with `?part=list` that part of the page alone, for pages that are already open."""
    project = fetch(Project.objects, by=request.user, pk=pk)
    request.GET = request.GET.copy()  # the part's own links must not ask for a part
    is_part = request.GET.pop("part", [""])[-1] == "list"
    acquisitions = project.acquisitions.all()
    form = AcquisitionFilterForm(request.GET, project=project)
    page = Paginator(form.found(), ACQUISITIONS_A_PAGE).get_page(request.GET.get("page"))
    view = request.GET.get("view")
    role = project.role_of(request.user)
    words = {
        "project": project,
        "form": form,
        "page": page,
        "rows": shown(page.object_list.select_related("uploaded_by").defer("metadata", "search_text")),
        "is_empty": not page.paginator.count and not acquisitions.exists(),
        "view": view if view in VIEWS else "grid",
        "may_upload": role in Role.at_least(Role.ANNOTATOR),
        "may_manage": role in Role.at_least(Role.MANAGER),
    }
    if is_part:
        return render(request, "annotations/parts/acquisitions.html", words)
    words["page_data"] = {
        "project": project.pk,
        "user": request.user.pk,
        "may_upload": words["may_upload"],
    }
    return render(request, "annotations/project.html", words)
