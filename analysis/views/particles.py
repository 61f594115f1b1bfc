from hashlib import sha256

from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from analysis.figures.crop import STRIP_PX, crop_png
from analysis.forms import with_confidence
from analysis.reports import words
from annotations.api.particle_filters import ParticleFilter, default_source
from annotations.models import Calibration, Particle, Project
from annotations.services.access import fetch
from annotations.services.pixels import tiles_path

PAGE = 60
ORDERS = {
    "largest": ("Largest first", [F("ecd_nm").desc(nulls_last=True), F("ecd_px").desc(nulls_last=True)]),
    "smallest": ("Smallest first", [F("ecd_nm").asc(nulls_last=True), F("ecd_px").asc(nulls_last=True)]),
    "elongated": ("Most elongated first", [F("aspect_ratio").desc(nulls_last=True)]),
    "doubtful": ("Least confident first", [F("confidence").asc(nulls_last=True)]),
    "newest": ("Newest first", [F("created_at").desc()]),
}
RANGES = ["ecd_nm_min", "ecd_nm_max", "ecd_nm_below", "ecd_px_min", "ecd_px_max", "ecd_px_below"]


@require_safe
def particles(request, pk):
    """The particles themselves, as pictures: what a bar of the size chart leads to."""
    project = fetch(Project.objects, by=request.user, pk=pk)
    source = default_source(project)
    data = with_confidence(request.GET, source)
    data.setdefault("border", "include")
    chosen = ParticleFilter(data, Particle.objects.in_project(project), project=project, source=source)
    order = data.get("order") if data.get("order") in ORDERS else "largest"
    page = {"project": project, "filters": chosen.form, "order": order, "orders": ORDERS.items()}
    page["forms"] = [chosen.form]
    if not chosen.is_valid():
        return render(request, "analysis/particles.html", page, status=400)
    found = chosen.qs.defer("outline").select_related(
        "layer__frame__acquisition", "label_class", "calibration", "created_by"
    )
    page |= {
        "has_any": Particle.objects.in_project(project).exists(),
        "page": Paginator(found.order_by(*ORDERS[order][1], "pk"), PAGE).get_page(data.get("page")),
        "size_range": _size_range(chosen.form.cleaned_data),
        "kept": [(name, data[name]) for name in RANGES if data.get(name)],
        "source_words": dict(chosen.form.fields["source"].choices).get(chosen.data["source"]),
    }
    return render(request, "analysis/particles.html", page)


@require_safe
def crop(request, pk):
    """A particle's picture as PNG."""
    visible = Particle.objects.visible_to(request.user)
    particle = get_object_or_404(visible.select_related("layer__frame"), pk=pk)
    frame = particle.layer.frame
    calibration = Calibration.objects.current_for(frame)
    nm = calibration.pixel_size_x_nm if calibration else None
    made_of = f"{STRIP_PX}:{particle.pk}:{particle.version}:{particle.outline}:{nm}"
    etag = f'"{sha256(made_of.encode()).hexdigest()[:20]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            picture = crop_png(
                tiles_path(frame),
                (particle.x, particle.y, particle.width, particle.height),
                particle.outline,
                nm,
            )
        except FileNotFoundError as error:
            raise Http404("This image's pixels are not here.") from error
        response = HttpResponse(picture, content_type="image/png", headers={"ETag": etag})
    patch_cache_control(response, private=True, max_age=0, must_revalidate=True)
    return response


def _size_range(chosen):
    """“ECD 9.12 to 9.48 nm”, or nothing."""
    for unit in ("nm", "px"):
        low = chosen[f"ecd_{unit}_min"]
        high = chosen[f"ecd_{unit}_max"] or chosen[f"ecd_{unit}_below"]
        if low is not None and high is not None:
            return f"ECD {words.number(low, 4)} to {words.number(high, 4)} {unit}"
        if low is not None or high is not None:
            bound, value = ("from", low) if high is None else ("up to", high)
            return f"ECD {bound} {words.number(value, 4)} {unit}"
    return ""
