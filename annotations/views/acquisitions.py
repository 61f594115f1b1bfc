"""The page of one acquisition: its file, its metadata, its calibration and that one's history."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotations.instruments import PixelSizeReading, agree
from annotations.instruments.fields import FIELDS
from annotations.models import Acquisition, Role
from annotations.services.access import fetch
from annotations.services.acquisitions import delete_acquisition, retry_import
from annotations.services.calibrate import adopt_reading, from_scale_bar, type_in, withdraw
from annotations.services.calibration_state import calibration_state
from annotations.services.specimen import name_specimen
from annotations.services.storage import has_original
from annotations.views.calibration_forms import ScaleBarForm, TypedForm
from annotations.views.metadata_rows import metadata_rows, missing_fields

STRIP_FRAMES = 40
VERSIONS = 200
SPECIMENS = 200
DECIDED = {
    "chosen": "This pixel size is in use now; the sizes of what is drawn follow it.",
    "withdrawn": "The calibration is withdrawn; sizes are in pixels again.",
}


@require_GET
def acquisition(request, pk):
    found = fetch(Acquisition.objects.select_related("project", "uploaded_by"), by=request.user, pk=pk)
    return _page(request, found)


@require_POST
def acquisition_calibrate(request, pk):
    """One of four decisions, named by the button pressed; a new version is in force after each."""
    found = fetch(Acquisition.objects.select_related("project"), by=request.user, may="editable_by", pk=pk)
    kind = request.POST.get("kind")
    form = {"typed": TypedForm, "scale_bar": ScaleBarForm}.get(kind, lambda data: None)(request.POST)
    if form and not form.is_valid():
        return _page(request, found, status=400, form=form)
    try:
        _decide(request, found, kind, form)
    except ValidationError as error:
        if form is None:
            messages.error(request, " ".join(error.messages))
            return redirect(found)
        for field, texts in getattr(error, "message_dict", {None: error.messages}).items():
            form.add_error(field if field in form.fields else None, texts)
        return _page(request, found, status=400, form=form)
    messages.success(request, DECIDED["withdrawn" if kind == "withdrawn" else "chosen"])
    frame = _frame(request, found)
    return redirect(f"{found.get_absolute_url()}?frame={frame.index}" if frame and frame.index else found)


@require_POST
def acquisition_specimen(request, pk):
    found = fetch(Acquisition.objects, by=request.user, may="editable_by", pk=pk)
    try:
        name_specimen(acquisition=found, name=request.POST.get("specimen", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "The specimen’s name is kept; the next dataset goes by it.")
    return redirect(found)


@require_POST
def acquisition_retry(request, pk):
    found = fetch(Acquisition.objects, by=request.user, may="editable_by", pk=pk)
    try:
        retry_import(acquisition=found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(found)


@require_POST
def acquisition_delete(request, pk):
    found = fetch(Acquisition.objects.select_related("project"), by=request.user, may="manageable_by", pk=pk)
    delete_acquisition(acquisition=found)
    messages.success(request, f"“{found}” and all that was drawn on it were deleted.")
    return redirect(found.project)


def _decide(request, found, kind, form):
    by, frame = request.user, _frame(request, found)
    if kind == "reading":
        row = found.calibrations.filter(pk=_number(request.POST.get("calibration"))).first()
        if row is None:
            raise Http404
        row.acquisition = found
        adopt_reading(by=by, calibration=row)
    elif kind == "withdrawn":
        withdraw(by=by, acquisition=found)
    elif form:
        scope = frame if form.cleaned_data["only_frame"] else None
        service = {"typed": type_in, "scale_bar": from_scale_bar}[kind]
        service(by=by, acquisition=found, frame=scope, detail=form.cleaned_data["detail"], **form.decision())
    else:
        raise ValidationError("Choose a reading, type a pixel size in, or withdraw it.")


def _page(request, found, *, status=200, form=None):
    role = found.project.role_of(request.user)
    frame = _frame(request, found)
    in_force, state, reason = calibration_state(frame) if frame else (None, "none", "")
    versions = found.calibrations.select_related("author", "frame")
    of_frame = [row for row in versions[:VERSIONS] if frame and row.frame_id in (None, frame.pk)]
    forms = {TypedForm: TypedForm(), ScaleBarForm: ScaleBarForm()}
    if form:
        forms[type(form)] = form
    missing = missing_fields(found)
    words = {
        "project": found.project,
        "acquisition": found,
        "frame": frame,
        "n_frames": found.frames.count(),
        "strip": _strip(found, frame),
        "in_force": in_force,
        "state": state,
        "reason": reason,
        "choices": _choices(of_frame) if state == "conflict" else [],
        "versions": of_frame,
        "typed_form": forms[TypedForm],
        "bar_form": forms[ScaleBarForm],
        "is_told": len(missing) < len(FIELDS),
        "missing": missing,
        "specimens": _specimens(found.project),
        "rows": metadata_rows(found.metadata),
        "has_original": has_original(found),
        "may_edit": role in Role.at_least(Role.ANNOTATOR),
        "may_delete": role in Role.at_least(Role.MANAGER),
        "page_data": {"status": found.status, "id": found.pk, "project": found.project_id},
    }
    return render(request, "annotations/acquisition.html", words, status=status)


def _specimens(project):
    named = project.acquisitions.exclude(specimen="").order_by("specimen")
    return named.values_list("specimen", flat=True).distinct()[:SPECIMENS]


def _choices(versions):
    """The readings to choose from, those that agree together: lists of versions, the first reading first."""
    groups = []
    for row in (row for row in reversed(versions) if not row.is_adopted):
        for group in groups:
            if not agree([_reading(group[0]), _reading(row)]).conflict:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _reading(row):
    return PixelSizeReading(reader="", x_nm=row.pixel_size_x_nm, y_nm=row.pixel_size_y_nm)


def _frame(request, found):
    """The frame looked at, by its place in the file; the first if none or a wrong one is asked for."""
    index = _number(request.POST.get("frame_index") or request.GET.get("frame"))
    return found.frames.filter(index=index or 0).first() or found.frames.first()


def _strip(found, frame):
    first = max(0, frame.index - STRIP_FRAMES // 2) if frame else 0
    return found.frames.filter(index__gte=first)[:STRIP_FRAMES]


def _number(text):
    text = str(text or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
