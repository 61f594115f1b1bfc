"""What waits and what is worked on."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from mlcore.services.queue_state import queue_state


class WorkerSerializer(serializers.Serializer):
    name = serializers.CharField()
    queues = serializers.ListField(child=serializers.CharField())
    processes = serializers.IntegerField()
    host = serializers.CharField()
    age_s = serializers.FloatField(help_text="Seconds since it was heard of.")


class QueueSerializer(serializers.Serializer):
    """`messages` is null where the broker did not answer; a search of many frames has several."""

    name = serializers.CharField()
    messages = serializers.IntegerField(allow_null=True)
    runs = serializers.IntegerField()
    workers = serializers.IntegerField()


class RunningSerializer(serializers.Serializer):
    run = serializers.IntegerField(source="run.pk")
    project = serializers.IntegerField(source="run.project_id")
    kind = serializers.CharField(source="run.kind")
    queue = serializers.CharField()
    workers = serializers.IntegerField()
    host = serializers.CharField(allow_blank=True)
    seconds = serializers.FloatField(source="run.seconds", allow_null=True)


class WaitingSerializer(serializers.Serializer):
    run = serializers.IntegerField(source="run.pk")
    project = serializers.IntegerField(source="run.project_id")
    kind = serializers.CharField(source="run.kind")
    queue = serializers.CharField()
    before = serializers.IntegerField()


class FreezingSerializer(serializers.Serializer):
    dataset = serializers.IntegerField(source="pk")
    project = serializers.IntegerField(source="project_id")
    n_done = serializers.IntegerField()
    n_frames = serializers.IntegerField()


class QueueStateSerializer(serializers.Serializer):
    workers = WorkerSerializer(many=True)
    queues = QueueSerializer(many=True)
    running = RunningSerializer(many=True)
    waiting = WaitingSerializer(many=True)
    freezing = FreezingSerializer(many=True)
    others_running = serializers.IntegerField()
    others_waiting = serializers.IntegerField()


class QueueView(APIView):
    serializer_class = QueueStateSerializer

    @extend_schema(responses=QueueStateSerializer)
    def get(self, request):
        """Workers, queues, and your projects' runs in them; operators see all projects'."""
        return Response(QueueStateSerializer(queue_state(user=request.user)).data)
