"""Which particles: one set of choices for the size page, the gallery, the API and the exports."""

import django_filters as filters
from django import forms
from django.db.models import F, OuterRef, Q, Subquery
from django.http import QueryDict

from annotations.models import Acquisition, LabelClass, Layer, Particle

UNCLASSIFIED = "none"
WORKING = "working"
ORIGINS = [Particle.Origin.DRAWN, Particle.Origin.ACCEPTED, Particle.Origin.IMPORTED]
SHOWN = ~Q(decision=Particle.Decision.REJECTED)


def source_choices(project):
    """What a project's particles come from: people's annotations by origin, each engine, each run."""
    yield WORKING, "Annotations (all)"
    yield from ((origin.value, f"Annotations: {origin.label.lower()}") for origin in ORIGINS)
    suggested = Layer.objects.filter(frame__acquisition__project=project, kind=Layer.Kind.SUGGESTION)
    runs = suggested.exclude(prediction=None).values_list("prediction__run__engine", "prediction__run")
    runs = sorted(set(runs.order_by()), key=lambda run: (run[0], -run[1]))
    for engine in dict.fromkeys(engine for engine, _ in runs):
        yield f"engine:{engine}", f"Suggestions: {engine}, newest on each frame"
    for engine, run in runs:
        yield f"run:{run}", f"Suggestions: {engine}, run {run}"


def default_source(project):
    """People's annotations; where there are none yet, what the first engine suggests."""
    particles = Particle.objects.in_project(project)
    if particles.filter(layer__kind=Layer.Kind.WORKING).exists():
        return WORKING
    return next((value for value, _ in source_choices(project) if value.startswith("engine:")), WORKING)


class ParticleFilter(filters.FilterSet):
    """Needs `project`; a choice that the project has not is refused by name.

    `source` is what a query that names none, or an empty one, asks for.
    """

    source = filters.ChoiceFilter(
        label="Source",
        method="filter_source",
        empty_label=None,  # no choice would be all layers at once, and count what was accepted twice
        help_text="working, drawn, accepted, imported, engine:…, run:…",
    )
    label_class = filters.MultipleChoiceFilter(
        label="Class",
        method="filter_class",
        widget=forms.CheckboxSelectMultiple,
        help_text="Id of a class; “none” for unclassified. Repeatable.",
    )
    acquisition = filters.ModelChoiceFilter(
        field_name="layer__frame__acquisition", queryset=Acquisition.objects.none(), label="File",
        empty_label="All files",
    )  # fmt: skip
    confidence_min = filters.NumberFilter(
        method="filter_confidence", label="Confidence at least", min_value=0, max_value=1,
        help_text="Particles that carry no confidence always pass.",
    )  # fmt: skip
    border = filters.ChoiceFilter(
        label="Touching the image’s edge", method="filter_border", empty_label=None, null_label=None,
        choices=[("exclude", "Left out"), ("weight", "Left out, edge-corrected"), ("include", "Counted")],
    )  # fmt: skip
    feret_min_px = filters.NumberFilter(
        field_name="feret_min_px", lookup_expr="gte", min_value=0, label="Min Feret at least (px)"
    )
    ecd_nm_min = filters.NumberFilter(field_name="ecd_nm", lookup_expr="gte", label="ECD from (nm)")
    ecd_nm_max = filters.NumberFilter(field_name="ecd_nm", lookup_expr="lte", label="ECD to (nm)")
    ecd_nm_below = filters.NumberFilter(field_name="ecd_nm", lookup_expr="lt", label="ECD below (nm)")
    ecd_px_min = filters.NumberFilter(field_name="ecd_px", lookup_expr="gte", label="ECD from (px)")
    ecd_px_max = filters.NumberFilter(field_name="ecd_px", lookup_expr="lte", label="ECD to (px)")
    ecd_px_below = filters.NumberFilter(field_name="ecd_px", lookup_expr="lt", label="ECD below (px)")

    class Meta:
        model = Particle
        fields = []

    def __init__(self, data=None, queryset=None, *, project, source=WORKING, skip=(), **more):
        data = QueryDict(mutable=True) if data is None else data.copy()
        data["source"] = data.get("source") or source
        self.project = project
        self.skip = skip  # checked with the rest, but left to the caller to apply
        super().__init__(data, queryset, **more)
        self.filters["source"].extra["choices"] = list(source_choices(project))
        classes = LabelClass.objects.filter(project=project)
        self.filters["label_class"].extra["choices"] = [
            *((str(label_class.pk), label_class.name) for label_class in classes),
            (UNCLASSIFIED, "Unclassified"),
        ]
        self.filters["acquisition"].queryset = Acquisition.objects.filter(project=project).ready()
        self.queryset = self.queryset.filter(SHOWN)

    def filter_queryset(self, queryset):
        for name, value in self.form.cleaned_data.items():
            if name not in self.skip:
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    def filter_source(self, particles, name, value):
        kind, _, key = value.partition(":")
        if kind == "run":
            return particles.filter(layer__prediction__run=int(key))
        if kind == "engine":
            # A frame that the engine saw twice counts once: its newest layer.
            newest = Layer.objects.filter(
                frame=OuterRef("frame"), kind=Layer.Kind.SUGGESTION, prediction__run__engine=key
            ).order_by("-pk")
            layers = Layer.objects.filter(frame__acquisition__project=self.project)
            return particles.filter(layer__in=layers.filter(pk=Subquery(newest.values("pk")[:1])))
        particles = particles.filter(layer__kind=Layer.Kind.WORKING)
        return particles if value == WORKING else particles.filter(origin=value)

    def filter_class(self, particles, name, values):
        if not values:
            return particles
        chosen = Q(label_class__in=[int(value) for value in values if value != UNCLASSIFIED])
        return particles.filter(chosen | Q(label_class=None) if UNCLASSIFIED in values else chosen)

    def filter_confidence(self, particles, name, value):
        return particles.filter(Q(confidence__gte=value) | Q(confidence=None))

    def filter_border(self, particles, name, value):
        if value == "include":
            return particles
        particles = particles.filter(touches_border=False)
        if value == "exclude":
            return particles
        frame = "layer__frame__"  # nothing wider than half of the field can be weighted
        return particles.filter(
            width__lte=F(f"{frame}width_px") / 2.0, height__lte=F(f"{frame}height_px") / 2.0
        )
