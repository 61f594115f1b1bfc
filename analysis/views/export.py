from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from analysis.forms import SizeChoice
from annotations.exchange.coco import ANNOTATIONS_MAX, BYTES_MAX
from annotations.models import ParticleImport, Project
from annotations.services.access import fetch
from annotations.services.import_particles import import_coco
from annotations.services.import_report import COUNTS, stored_report
from annotations.services.run_particle_import import is_for_a_worker, progress, start_particle_import

MEGABYTES_MAX = BYTES_MAX // 2**20
HELP = f"At most {MEGABYTES_MAX} MB and {ANNOTATIONS_MAX:,} annotations."
ALL = "border=include&feret_min_px="  # an export leaves out what is unsure, and nothing else unless asked to


class CocoForm(forms.Form):
    file = forms.FileField(label="COCO JSON file", help_text=HELP)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > BYTES_MAX:
            size = f"{file.size / 2**20:.0f} MB"
            raise forms.ValidationError(f"The file has {size}; at most {MEGABYTES_MAX} MB are read at once.")
        return file


@require_http_methods(["GET", "POST"])
def export(request, pk):
    """The ways out of a project, and the way in for particles from elsewhere."""
    may = "editable_by" if request.method == "POST" else "visible_to"
    project = fetch(Project.objects, by=request.user, may=may, pk=pk)
    choice = SizeChoice(request.GET or QueryDict(ALL), project, skip=())
    is_valid = choice.is_valid()
    form, report = CocoForm(request.POST or None, request.FILES or None), None
    if request.method == "POST" and form.is_valid():
        file, is_trial = form.cleaned_data["file"], request.POST.get("action") != "import"
        raw = file.read()
        try:
            if is_for_a_worker(raw):
                row = start_particle_import(
                    project=project, by=request.user, raw=raw, name=file.name, is_trial=is_trial
                )
                return redirect("particle-import", row.pk)
            report = import_coco(project=project, by=request.user, raw=raw, is_trial=is_trial)
        except ValidationError as error:
            form.add_error("file", error)
    page = {
        "project": project,
        "filters": choice.filters,
        "forms": [choice.filters],
        "query": choice.query() if is_valid else "",
        "n": choice.filter.qs.count() if is_valid else None,
        "form": form,
        "report": report,
        "counts": report and {name: report.counts[name] for name in COUNTS},
        "may_import": Project.objects.editable_by(request.user).filter(pk=pk).exists(),
    }
    status = 400 if form.errors or not is_valid else 200
    return render(request, "analysis/export.html", page, status=status)


@require_safe
def particle_import(request, pk):
    """How far a large COCO file is; once it is done, what it did."""
    rows = ParticleImport.objects.defer("content").select_related("project")
    row = fetch(rows, by=request.user, pk=pk)
    report = stored_report(row.report) if row.report else None
    page = {
        "row": row,
        "project": row.project,
        "percent": round(100 * progress(row)),
        "report": report,
        "counts": report and report.counts,
    }
    return render(request, "analysis/particle_import.html", page)
