"""Two models on images that neither learnt from, and which image to annotate next."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Project
from annotations.services.access import fetch
from mlcore.api.runs import RunSerializer
from mlcore.models import ComparedFrame, ModelVersion
from mlcore.services.compare_start import MOST_FRAMES, start_ranking, start_shadow
from mlcore.services.next_frames import queue
from mlcore.services.shadow import shadow_report, shadow_runs


class NFramesSerializer(serializers.Serializer):
    n_frames = serializers.IntegerField(
        min_value=1, max_value=MOST_FRAMES, required=False, help_text="The newest that come into question."
    )


class ComparedFrameSerializer(serializers.ModelSerializer):
    """`agreement` is the F1 of one against the other, boxes at an IoU of at least 0.5."""

    class Meta:
        model = ComparedFrame
        fields = ["frame", "n_first", "n_second", "n_both", "agreement", "interval_width", "message"]
        read_only_fields = fields


class SizesSerializer(serializers.Serializer):
    """Diameters that both found, as counts between `edges`."""

    unit = serializers.ChoiceField(choices=["nm", "px"])
    edges = serializers.ListField(child=serializers.FloatField())
    first = serializers.ListField(child=serializers.IntegerField())
    second = serializers.ListField(child=serializers.IntegerField())
    medians = serializers.ListField(child=serializers.FloatField(allow_null=True))


class ShadowReportSerializer(serializers.Serializer):
    """`first` is the model, `second` the champion of then; `frames` begins where they agree least."""

    n_frames = serializers.IntegerField()
    n_first = serializers.IntegerField()
    n_second = serializers.IntegerField()
    n_both = serializers.IntegerField()
    agreement = serializers.FloatField(allow_null=True)
    frames = ComparedFrameSerializer(many=True)
    n_left_out = serializers.IntegerField()
    histograms = SizesSerializer(many=True)


class ShadowSerializer(serializers.Serializer):
    """The newest comparison, null before the first; and what it has come to, null before its first image."""

    run = RunSerializer(allow_null=True)
    report = ShadowReportSerializer(allow_null=True)


class NextFrameSerializer(serializers.Serializer):
    place = serializers.IntegerField()
    frame = serializers.IntegerField(source="row.frame_id")
    score = serializers.FloatField()
    reasons = serializers.ListField(child=serializers.CharField())
    page_url = serializers.CharField(source="frame.get_absolute_url")


class NextSerializer(serializers.Serializer):
    """The comparison that the order comes from, null before the first; and the images that still wait."""

    run = RunSerializer(allow_null=True)
    frames = NextFrameSerializer(many=True)


class ModelShadowView(APIView):
    @extend_schema(responses=ShadowSerializer)
    def get(self, request, pk):
        """The newest comparison of a model with the champion."""
        run = shadow_runs(fetch(ModelVersion.objects, by=request.user, pk=pk)).first()
        report = shadow_report(run) if run else None
        return Response(ShadowSerializer({"run": run, "report": report}).data)

    @extend_schema(request=NFramesSerializer, responses={201: RunSerializer})
    def post(self, request, pk):
        """Compare it with the champion on the newest images; nobody is shown what it draws."""
        version = fetch(ModelVersion.objects, by=request.user, may="editable_by", pk=pk)
        run = start_shadow(by=request.user, candidate=version, **_asked(request))
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)


class NextFramesView(APIView):
    @extend_schema(responses=NextSerializer)
    def get(self, request, pk):
        """The images that wait to be annotated, the one worth most first, with reasons."""
        project = fetch(Project.objects, by=request.user, pk=pk)
        run, waiting = queue(project)
        return Response(NextSerializer({"run": run, "frames": waiting}).data)

    @extend_schema(request=NFramesSerializer, responses={201: RunSerializer})
    def post(self, request, pk):
        """Put them in order anew."""
        project = fetch(Project.objects, by=request.user, may="editable_by", pk=pk)
        run = start_ranking(by=request.user, project=project, **_asked(request))
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)


def _asked(request):
    asked = NFramesSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return asked.validated_data
