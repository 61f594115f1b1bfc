"""Particles out and in: CSV and COCO."""

from django.core.exceptions import ValidationError
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.known_parameters import refuse_unknown
from annotations.api.particle_filters import ParticleFilter
from annotations.api.streaming import streamed
from annotations.exchange.coco import ANNOTATIONS_MAX, BYTES_MAX
from annotations.models import Particle, ParticleImport, Project
from annotations.services.access import fetch
from annotations.services.export_project import coco_pieces, csv_pieces
from annotations.services.import_particles import import_coco
from annotations.services.import_report import COUNTS, report_json
from annotations.services.run_particle_import import (
    REQUEST_ANNOTATIONS_MAX,
    is_for_a_worker,
    progress,
    start_particle_import,
)

FILTERS = [
    OpenApiParameter(
        "source", str, description="working (default), drawn, accepted, imported, engine:…, run:…"
    ),
    OpenApiParameter("label_class", str, many=True, description="Id of a class, or “none”; repeatable."),
    OpenApiParameter("acquisition", int),
    OpenApiParameter("confidence_min", float),
    OpenApiParameter("border", str, enum=["exclude", "weight", "include"]),
    OpenApiParameter("feret_min_px", float),
    OpenApiParameter("ecd_nm_min", float),
    OpenApiParameter("ecd_nm_max", float),
]


class AsItComes(BaseContentNegotiation):
    """A download has one format; errors stay JSON."""

    def select_parser(self, request, parsers):
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


def chosen_particles(request, project, also_known=()):
    """The filter of a request, valid; refuses by field otherwise."""
    refuse_unknown(request, {*ParticleFilter.base_filters, *also_known})
    chosen = ParticleFilter(request.GET, Particle.objects.in_project(project), project=project)
    if not chosen.is_valid():
        raise ValidationError({name: [str(e) for e in errors] for name, errors in chosen.form.errors.items()})
    return chosen


class ParticlesCsvView(APIView):
    """All particles that fit, one line each, sizes in px and, where calibrated, in nm (docs/exports.md)."""

    content_negotiation_class = AsItComes

    @extend_schema(parameters=FILTERS, responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request, pk):
        project = fetch(Project.objects, by=request.user, pk=pk)
        pieces = csv_pieces(particles=chosen_particles(request, project).qs)
        name = f"particles-project-{project.pk}.csv"
        return streamed(request, pieces, content_type="text/csv; charset=utf-8", filename=name)


class CocoExportView(APIView):
    """All images, and the particles that fit, as COCO JSON; importing it gives the same particles again."""

    content_negotiation_class = AsItComes

    @extend_schema(parameters=FILTERS, responses={200: OpenApiTypes.OBJECT})
    def get(self, request, pk):
        project = fetch(Project.objects, by=request.user, pk=pk)
        chosen = chosen_particles(request, project)
        acquisition = chosen.form.cleaned_data["acquisition"]
        pieces = coco_pieces(
            project=project, particles=chosen.qs, acquisitions=[acquisition] if acquisition else None
        )
        name = f"coco-project-{project.pk}.json"
        return streamed(request, pieces, content_type="application/json", filename=name)


HELP = f"A COCO JSON file: at most {BYTES_MAX // 2**20} MB and {ANNOTATIONS_MAX:,} annotations."


class CocoImportSerializer(serializers.Serializer):
    file = serializers.FileField(help_text=HELP)
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would happen.")

    def validate_file(self, file):
        if file.size > BYTES_MAX:
            raise serializers.ValidationError(
                f"The file has {file.size / 2**20:.0f} MB; at most {BYTES_MAX // 2**20} MB are read at once."
            )
        return file


REPORT = inline_serializer(
    "CocoImportReport",
    {
        "is_done": serializers.BooleanField(help_text="False after a dry run."),
        **{name: serializers.IntegerField() for name in COUNTS},
        "new_classes": serializers.ListField(child=serializers.CharField()),
        "images": inline_serializer(
            "CocoImportImage",
            {
                "file_name": serializers.CharField(),
                "frame": serializers.IntegerField(allow_null=True),
                "acquisition": serializers.CharField(allow_null=True),
                "frame_index": serializers.IntegerField(allow_null=True),
                "matched_by": serializers.CharField(allow_null=True, help_text="content or name"),
                "problem": serializers.CharField(help_text="Why no image fits; empty if one does."),
                "annotations": serializers.IntegerField(),
            },
            many=True,
        ),
    },
)


WAITING = inline_serializer(
    "ParticleImport",
    {
        "id": serializers.IntegerField(),
        "file_name": serializers.CharField(),
        "is_trial": serializers.BooleanField(),
        "status": serializers.ChoiceField(ParticleImport.Status.choices),
        "progress": serializers.FloatField(help_text="0 to 1."),
        "message": serializers.CharField(help_text="Why it was refused or failed."),
        "report": type(REPORT)(required=False, help_text="Once it is done."),
    },
)


def import_json(row):
    return {
        "id": row.pk,
        "file_name": row.name,
        "is_trial": row.is_trial,
        "status": row.status,
        "progress": progress(row),
        "message": row.message,
        **({"report": row.report} if row.report else {}),
    }


class CocoImportView(APIView):
    """Add the annotations of a COCO file; the same file again adds nothing."""

    parser_classes = [MultiPartParser, FormParser]

    @extend_schema(
        request={"multipart/form-data": CocoImportSerializer}, responses={200: REPORT, 202: WAITING},
        description=f"With more than {REQUEST_ANNOTATIONS_MAX:,} annotations a worker does it: the answer is "
        "202, and the address in `Location` tells how far it is.",
    )  # fmt: skip
    def post(self, request, pk):
        project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
        sent = CocoImportSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file, is_trial = sent.validated_data["file"], sent.validated_data["dry_run"]
        raw = file.read()
        if is_for_a_worker(raw):
            row = start_particle_import(
                project=project, by=request.user, raw=raw, name=file.name, is_trial=is_trial
            )
            place = reverse("api-particle-import", args=[row.pk])
            return Response(import_json(row), status=202, headers={"Location": place})
        report = import_coco(project=project, by=request.user, raw=raw, is_trial=is_trial)
        return Response(report_json(report))


class ParticleImportView(APIView):
    """How far a large COCO file is, and what became of it."""

    @extend_schema(responses=WAITING)
    def get(self, request, pk):
        rows = ParticleImport.objects.defer("content")
        return Response(import_json(fetch(rows, by=request.user, pk=pk)))
