import csv
import json

from csp.decorators import csp_update
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from analysis.forms import SizeChoice
from analysis.metrology.selection import select
from analysis.metrology.summary import summarise
from analysis.reports import captions, numbers, words
from analysis.selectors import calibrations_named, particle_columns
from annotations.models import Project
from annotations.services.access import fetch

# Plotly sets styles on the elements that it makes; only pages with charts allow that.
allow_chart_styles = csp_update({"style-src": ["'self'", "'unsafe-inline'"]})


@require_safe
@allow_chart_styles
def sizes(request, pk):
    """The size distribution of a project's particles."""
    project = fetch(Project.objects, by=request.user, pk=pk)
    choice = SizeChoice(request.GET, project)
    page = {"project": project, "choice": choice, "filters": choice.filters, "chart": choice.chart}
    page["forms"] = [choice.filters, choice.chart]
    if not choice.is_valid():
        return render(request, "analysis/sizes.html", page, status=400)
    selection = select(particle_columns(choice.filter.qs), **choice.rules)
    page |= {
        "selection": selection,
        "left_out": captions.left_out(
            selection, **{name: choice.rules[name] for name in ("feret_min_px", "confidence_min")}
        ),
        "query": choice.query(),
        "gallery": f"{reverse('project-particles', args=[pk])}?{choice.query()}",
    }
    if selection.n:
        page |= charts_of(project, choice, selection, summarise(selection, **choice.drawing))
    return render(request, "analysis/sizes.html", page)


@require_safe
def histogram_csv(request, pk):
    """The bins of the chart, as drawn."""
    project = fetch(Project.objects, by=request.user, pk=pk)
    choice = SizeChoice(request.GET, project)
    if not choice.is_valid():
        return HttpResponse(
            "This address asks for a chart that cannot be drawn; go back to the size page.", status=400
        )
    selection = select(particle_columns(choice.filter.qs), **choice.rules)
    rows = list(numbers.bins(summarise(selection, **choice.drawing))) if selection.n else []
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="sizes-project-{pk}.csv"'
    names = rows[0] if rows else ["from", "to", "particles"]
    writer = csv.DictWriter(response, names)
    writer.writeheader()
    writer.writerows(rows)
    return response


def charts_of(project, choice, selection, summary):
    """All that the page shows of a selection that is not empty."""
    # Imported here: Plotly is half a second of a web process's start, and few pages draw.
    from analysis.figures.shape import aspect_ratio_by_size, roundness_distribution
    from analysis.figures.size import size_distribution
    from annotations.figures.theme import templates_json

    named = [
        (c.acquisition.name, c.pixel_size_x_nm, c.get_source_display().lower(), c.version)
        for c in calibrations_named(selection.calibrations)
    ]
    is_log = summary.histogram.is_log
    aspect, n_aspect = aspect_ratio_by_size(selection, is_log=is_log)
    roundness, n_roundness = roundness_distribution(selection)
    rows = _bins(project, choice, summary)
    rules = {**choice.rules, "noun": choice.noun}
    return {
        "summary": summary,
        "tiles": _tiles(summary),
        "bins": rows,
        "caption": captions.size_caption(summary, named, **rules),
        "aspect_caption": captions.shape_caption(selection, captions.ASPECT_RATIO, **rules, drawn=n_aspect),
        "roundness_caption": captions.shape_caption(
            selection, captions.ROUNDNESS, **rules, drawn=n_roundness
        ),
        "takeaway": captions.takeaway(summary),
        "intervals_note": captions.intervals_note(summary),
        "volume_warning": captions.volume_warning(summary),
        "charts": {
            "templates": templates_json(),
            "figures": {
                "size": {**_figure_json(size_distribution(summary)), "links": [row["url"] for row in rows]},
                "aspect": _figure_json(aspect),
                "roundness": _figure_json(roundness),
            },
        },
    }


def _figure_json(figure):
    return json.loads(figure.to_json())  # arrays become typed arrays in base64


def _tiles(summary):
    """The numbers above the chart: (label, value, note)."""
    unit, moments = summary.selection.unit, summary.moments
    for place, percent in enumerate((10, 50, 90)):
        interval = summary.intervals[place] if summary.intervals is not None else None
        note = "" if interval is None else f"95 %: {words.number(interval[0])} to {words.number(interval[1])}"
        yield f"D{percent}", f"{words.number(summary.d_values[place])} {unit}", note
    yield "Mean ± SD", f"{words.with_deviation(moments.mean, moments.sd)} {unit}", "by number"
    geometric = f"{words.number(moments.geometric_mean)} {unit} ×/÷ {words.number(moments.geometric_sd)}"
    yield "Geom. mean ×/÷ SD", geometric, "by number"
    yield "Span", words.number(summary.span), "(D90 − D10)/D50"
    if summary.weighting == "volume":
        yield "D[4,3]", f"{words.number(moments.volume_mean)} {unit}", "volume mean"


def _bins(project, choice, summary):
    """Rows of the table of bins, each with the address of its particles."""
    unit, found = summary.selection.unit, summary.histogram
    gallery = reverse("project-particles", args=[project.pk])
    last = len(found.count) - 1
    rows = []
    for place, (low, high, n) in enumerate(zip(found.edges[:-1], found.edges[1:], found.count, strict=True)):
        # repr: the same double comes back, so that the gallery holds exactly the bar's particles.
        upper = f"ecd_{unit}_max" if place == last else f"ecd_{unit}_below"
        query = choice.query(**{f"ecd_{unit}_min": repr(float(low)), upper: repr(float(high))})
        rows.append(
            {
                "low": words.number(low, 4),
                "high": words.number(high, 4),
                "n": int(n),
                "share": f"{100 * found.share[place]:.2f}",
                "cumulative": f"{100 * found.cumulative[place]:.2f}",
                "url": f"{gallery}?{query}",
            }
        )
    return rows
