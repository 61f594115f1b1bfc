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
from mlcore.services.fair import place_in_line
from mlcore.services.runs import (
    MAX_NOTES,
    cancel_run,
    note_on_run,
    pause_run,
    resume_run,
    retry_run,
    start_inference,
)


class RunSerializer(serializers.ModelSerializer):
    """`message` is one sentence on how it ended. The layers it made are those of `layers/?run=`."""

    created_by = serializers.CharField(source="created_by.display_name", default="", read_only=True)
    page_url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Run
        counts = ["frames_total", "frames_done", "particles_found", "steps_total", "steps_done", "step_s"]
        times = ["created_at", "started_at", "finished_at", "heartbeat_at"]
        what = [
            "id",
            "project",
            "frame",
            "kind",
            "engine",
            "dataset",
            "model_version",
            "parent",
            "config",
            "seed",
        ]
        state = ["status", "is_urgent", "cancel_requested", "pause_requested", "resources", "offer"]
        fields = [*what, *state, *counts, "message", "notes", "created_by", *times, "page_url"]
        read_only_fields = fields


class OneRunSerializer(RunSerializer):
    """`runs_before`: how many are due before it, null unless it waits."""

    runs_before = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "runs_before"]
        read_only_fields = fields

    def get_runs_before(self, run) -> int | None:
        return place_in_line(run)


class NotesSerializer(serializers.Serializer):
    notes = serializers.CharField(allow_blank=True, max_length=MAX_NOTES)


class RetrySerializer(serializers.Serializer):
    """With `with_offer` a new run begins with the settings that will fit (`offer`); else it goes on."""

    with_offer = serializers.BooleanField(default=False)


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
        fields = ["status", "engine", "kind"]


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

    serializer_class = OneRunSerializer
    queryset = Run.objects.none()

    def get_object(self):
        runs = Run.objects.visible_to(self.request.user).select_related("created_by")
        return get_object_or_404(runs, pk=self.kwargs["pk"])

    @extend_schema(request=NotesSerializer, responses=OneRunSerializer)
    def patch(self, request, pk):
        """Write what there is to say of it."""
        run = fetch(Run.objects, by=request.user, may="editable_by", pk=pk)
        asked = NotesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(OneRunSerializer(note_on_run(run=run, notes=asked.validated_data["notes"])).data)


class ChangeRunView(APIView):
    """What is done to a run by name, and its state afterwards."""

    serializer_class = OneRunSerializer

    def change(self, request, pk, do):
        run = fetch(Run.objects, by=request.user, may="editable_by", pk=pk)
        return Response(OneRunSerializer(do(run)).data)


class CancelRunView(ChangeRunView):
    @extend_schema(request=None, responses=OneRunSerializer)
    def post(self, request, pk):
        """Stop it within seconds; what it found so far stays."""
        return self.change(request, pk, lambda run: cancel_run(run=run))


class PauseRunView(ChangeRunView):
    @extend_schema(request=None, responses=OneRunSerializer)
    def post(self, request, pk):
        """Let it rest with all it has done; others go on with its workers."""
        return self.change(request, pk, lambda run: pause_run(run=run))


class ResumeRunView(ChangeRunView):
    @extend_schema(request=None, responses=OneRunSerializer)
    def post(self, request, pk):
        """Let a paused run go on where it stopped."""
        return self.change(request, pk, lambda run: resume_run(run=run))


class RetryRunView(ChangeRunView):
    @extend_schema(request=RetrySerializer, responses=OneRunSerializer)
    def post(self, request, pk):
        """Try a failed or cancelled run again: it goes on where it stopped."""
        asked = RetrySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with_offer = asked.validated_data["with_offer"]

        def retry(run):
            config = {**run.config, **run.offer} if with_offer else None
            return retry_run(run=run, by=request.user, config=config)

        return self.change(request, pk, retry)
