"""Trainings: start one, and read what it tells on its way."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Project
from annotations.services.access import fetch
from mlcore.api.runs import RunSerializer
from mlcore.models import Dataset, ModelVersion, Run, RunLine
from mlcore.services.compare_runs import points_of
from mlcore.services.train_start import BASES, CHAMPION, KINDS_OF_TRAINING, MODEL, start_training
from mlcore.training.limits import GAN_MODES

LINES = 500


class StartTrainingSerializer(serializers.Serializer):
    """`settings` are steps, batch_size, lr and, of a detector, crop_px; of a GAN steps, batch_size
    and patch_px, and it takes neither `base` nor `learn_classes`; what is not named is as usual."""

    dataset = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=KINDS_OF_TRAINING)
    base = serializers.ChoiceField(choices=[*BASES, MODEL], default=CHAMPION)
    model_version = serializers.IntegerField(required=False, allow_null=True)
    settings = serializers.DictField(default=dict)
    learn_classes = serializers.BooleanField(default=False)
    mode = serializers.ChoiceField(choices=list(GAN_MODES.items()), default="refiner", help_text="Of a GAN.")
    width = serializers.FloatField(
        required=False, allow_null=True,
        help_text="Of random weights: 0.25, 0.5 (usual) or 1; of a GAN 0.125 (usual), 0.25, 0.5 or 1.",
    )  # fmt: skip
    seed = serializers.IntegerField(default=0)
    title = serializers.CharField(default="", allow_blank=True)


class LineSerializer(serializers.ModelSerializer):
    class Meta:
        model = RunLine
        fields = ["id", "at", "level", "text"]
        read_only_fields = fields


class PointSerializer(serializers.Serializer):
    step = serializers.IntegerField()
    values = serializers.DictField(child=serializers.FloatField())


class SampleSerializer(serializers.Serializer):
    step = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()


class TrainingProgressSerializer(serializers.Serializer):
    """`series` are `train`, `val` and `final`, each in the order of its steps."""

    run = RunSerializer()
    step_s = serializers.FloatField(allow_null=True, help_text="Seconds a step, of the last ones.")
    left_s = serializers.FloatField(allow_null=True, help_text="Until its last step, as fast as now.")
    resources = serializers.DictField()
    series = serializers.DictField(child=PointSerializer(many=True))
    samples = SampleSerializer(many=True)
    lines = LineSerializer(many=True, help_text=f"The last {LINES}, newest first.")


class TrainingsView(APIView):
    serializer_class = StartTrainingSerializer

    @extend_schema(request=StartTrainingSerializer, responses={201: RunSerializer})
    def post(self, request):
        """Queue a training on a frozen dataset; a second one of the same under way is refused."""
        asked = StartTrainingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        asked = asked.validated_data
        datasets = Dataset.objects.select_related("project")
        dataset = fetch(datasets, by=request.user, may="editable_by", pk=asked.pop("dataset"))
        project = fetch(Project.objects, by=request.user, may="editable_by", pk=dataset.project_id)
        model = asked.pop("model_version", None)
        if model is not None:
            model = fetch(ModelVersion.objects, by=request.user, pk=model)
        run = start_training(by=request.user, project=project, dataset=dataset, model_version=model, **asked)
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)


class TrainingProgressView(APIView):
    serializer_class = TrainingProgressSerializer

    @extend_schema(responses=TrainingProgressSerializer)
    def get(self, request, pk):
        """All that a training has told of itself so far."""
        run = fetch(Run.objects.select_related("created_by"), by=request.user, pk=pk)
        left = run.step_s and not run.is_finished
        answer = {
            "run": run,
            "step_s": run.step_s,
            "left_s": run.step_s * max(run.steps_total - run.steps_done, 0) if left else None,
            "resources": run.resources,
            "series": {
                series: [{"step": step, "values": values} for step, values in points]
                for series, points in points_of(run).items()
            },
            "samples": [
                {"step": one.step, "name": one.name, "url": one.get_absolute_url()}
                for one in run.samples.order_by("step", "name")
            ],
            "lines": run.lines.order_by("-pk")[:LINES],
        }
        return Response(TrainingProgressSerializer(answer).data)
