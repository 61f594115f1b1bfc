"""Runs of engines: start one over an image or a project, watch it, cancel it."""

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.key_filter import KeyFilter
from annotations.models import Frame, Project
from annotations.services.access import fetch
from mlcore.inference.engine import DEFAULT_ENGINE, ENGINES
from mlcore.models import Run
from mlcore.services.runs import cancel_run, start_inference


class RunSerializer(serializers.ModelSerializer):
    """`message` is one sentence on how it ended. The layers it made are those of `layers/?run=`."""

    created_by = serializers.CharField(source="created_by.display_name", default="", read_only=True)
    page_url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Run
        counts = ["frames_total", "frames_done", "particles_found"]
        times = ["created_at", "started_at", "finished_at", "heartbeat_at"]
        what = ["id", "project", "frame", "kind", "engine", "config", "status", "cancel_requested"]
        fields = [*what, *counts, "message", "created_by", *times, "page_url"]
        read_only_fields = fields


class StartRunSerializer(serializers.Serializer):
    """Either a `frame`, or a `project` whose images are all searched."""

    project = serializers.IntegerField(required=False)
    frame = serializers.IntegerField(required=False, allow_null=True)
    engine = serializers.ChoiceField(choices=sorted(ENGINES), default=DEFAULT_ENGINE)
    config = serializers.DictField(default=dict)

    def validate(self, attrs):
        if attrs.get("frame") is None and attrs.get("project") is None:
            raise serializers.ValidationError("Say which `project` or which `frame` is to be searched.")
        return attrs


class RunFilters(django_filters.FilterSet):
    project = KeyFilter("project_id", among=Project)
    frame = KeyFilter("frame_id", among=Frame)

    class Meta:
        model = Run
        fields = ["status", "engine"]


class RunsView(generics.ListAPIView):
    """The runs of your projects, newest first."""

    serializer_class = RunSerializer
    filterset_class = RunFilters
    queryset = Run.objects.none()

    def get_queryset(self):
        return Run.objects.visible_to(self.request.user).select_related("created_by")

    @extend_schema(request=StartRunSerializer, responses={201: RunSerializer})
    def post(self, request):
        """Queue a search; a second one of the same while the first is under way is refused."""
        asked = StartRunSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        asked = asked.validated_data
        frame, by = None, request.user
        if asked.get("frame") is not None:
            frames = Frame.objects.select_related("acquisition__project")
            frame = fetch(frames, by=by, may="editable_by", pk=asked["frame"])
        project_pk = (
            asked.get("project") if asked.get("project") is not None else frame.acquisition.project_id
        )
        project = fetch(Project.objects, by=by, may="editable_by", pk=project_pk)
        run = start_inference(
            by=by, project=project, frame=frame, engine=asked["engine"], config=asked["config"]
        )
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)


class RunView(generics.RetrieveAPIView):
    """One run."""

    serializer_class = RunSerializer
    queryset = Run.objects.none()

    def get_object(self):
        runs = Run.objects.visible_to(self.request.user).select_related("created_by")
        return get_object_or_404(runs, pk=self.kwargs["pk"])


class CancelRunView(APIView):
    serializer_class = RunSerializer

    @extend_schema(request=None, responses=RunSerializer)
    def post(self, request, pk):
        """Stop it within seconds; what it found so far stays."""
        run = fetch(Run.objects, by=request.user, may="editable_by", pk=pk)
        return Response(RunSerializer(cancel_run(run=run)).data)
