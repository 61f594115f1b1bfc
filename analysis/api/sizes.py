"""The numbers behind the size page, and the particles that they come from."""

from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.forms import BINS_MAX, BINS_MIN, ChartForm, SizeChoice
from analysis.metrology.selection import select
from analysis.metrology.summary import summarise
from analysis.reports import numbers
from analysis.selectors import calibrations_named, particle_columns
from annotations.api.exchange import FILTERS, chosen_particles
from annotations.api.known_parameters import OF_PAGES, refuse_unknown
from annotations.api.particle_filters import ParticleFilter
from annotations.api.particles import ParticleSerializer
from annotations.models import Project
from annotations.services.access import fetch

CHART = [
    OpenApiParameter("weighting", str, enum=["number", "volume"]),
    OpenApiParameter("axis", str, enum=["log", "linear"]),
    OpenApiParameter("bins", int, description=f"{BINS_MIN} to {BINS_MAX}; Freedman and Diaconis without."),
]


class SizesView(APIView):
    """Size distribution of a project. Names end in the unit: `_nm`, or `_px` where nothing is calibrated."""

    @extend_schema(parameters=FILTERS[:6] + CHART, responses=OpenApiTypes.OBJECT)
    def get(self, request, pk):
        project = fetch(Project.objects, by=request.user, pk=pk)
        refuse_unknown(request, {*ParticleFilter.base_filters, *ChartForm.base_fields})
        choice = SizeChoice(request.GET, project)
        if not choice.is_valid():
            raise ValidationError({name: [str(e) for e in errors] for name, errors in choice.errors.items()})
        selection = select(particle_columns(choice.filter.qs), **choice.rules)
        body = {"source": choice.data["source"], **choice.rules, **numbers.counts(selection)}
        if selection.n:
            body |= numbers.distribution(summarise(selection, **choice.drawing))
        body["calibrations"] = [
            {
                "id": calibration.pk,
                "acquisition": calibration.acquisition_id,
                "version": calibration.version,
                "source": calibration.source,
                "pixel_size_x_nm": calibration.pixel_size_x_nm,
                "pixel_size_y_nm": calibration.pixel_size_y_nm,
                "relative_uncertainty": calibration.relative_uncertainty,
            }
            for calibration in calibrations_named(selection.calibrations)
        ]
        return Response(body)


class ParticlesView(generics.ListAPIView):
    """Particles of one project that fit, with all their sizes; annotations unless `source` says otherwise."""

    serializer_class = ParticleSerializer
    filter_backends = []

    def get_queryset(self):
        key = self.request.query_params.get("project", "")
        if not key.isdecimal() or len(key) > 18:
            raise ValidationError({"project": ["Say which project: ?project=<id>."]})
        project = fetch(Project.objects, by=self.request.user, pk=int(key))
        found = chosen_particles(self.request, project, also_known={"project", *OF_PAGES}).qs
        return found.select_related("created_by").order_by("layer", "created_at", "pk")

    @extend_schema(parameters=[OpenApiParameter("project", int, required=True), *FILTERS])
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)
