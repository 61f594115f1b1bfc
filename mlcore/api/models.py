"""Models of a project: read them, evaluate, promote and take back."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.key_filter import KeyFilter
from annotations.models import Project
from annotations.services.access import fetch
from mlcore.api.runs import RunSerializer
from mlcore.models import Dataset, Evaluation, ModelVersion, Promotion
from mlcore.services.evaluate_start import start_evaluation
from mlcore.services.lineage import line_of
from mlcore.services.model_versions import champion_number, champion_of
from mlcore.services.promotion import MARGIN, compare, promote, roll_back


class EvaluationSerializer(serializers.ModelSerializer):
    """`figures` are {figure: {value, low, high, n}}, 95 % intervals over images."""

    class Meta:
        model = Evaluation
        fields = [
            "id", "model_version", "shipped_version", "dataset", "split", "figures", "frames", "run",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ModelVersionSerializer(serializers.ModelSerializer):
    is_champion = serializers.SerializerMethodField()
    page_url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = ModelVersion
        fields = [
            "id", "project", "number", "kind", "title", "sha256", "classes", "run", "dataset", "parent",
            "is_champion", "created_at", "page_url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_champion(self, version) -> bool:
        known = self.context.setdefault("champions", {})
        if version.project_id not in known:
            known[version.project_id] = champion_of(version.project)
        return known[version.project_id] == version


class OneModelSerializer(ModelVersionSerializer):
    """With its card, its figures, and the models it was fine-tuned from, the nearest first."""

    evaluations = EvaluationSerializer(many=True, read_only=True)
    line = serializers.SerializerMethodField()

    class Meta(ModelVersionSerializer.Meta):
        fields = [*ModelVersionSerializer.Meta.fields, "card", "evaluations", "line"]
        read_only_fields = fields

    def get_line(self, version) -> list[int]:
        return [one.pk for one in line_of(version)[1:]]


class PromotionSerializer(serializers.ModelSerializer):
    by = serializers.CharField(source="by.display_name", default="", read_only=True)

    class Meta:
        model = Promotion
        fields = ["number", "model_version", "is_rollback", "comparison", "by", "at"]
        read_only_fields = fields


class ComparisonSerializer(serializers.Serializer):
    """F1 of the model less the champion's on the same test frames; without a `refusal` it may be promoted."""

    champion = serializers.IntegerField(source="champion.pk", default=None, allow_null=True)
    dataset = serializers.IntegerField(source="dataset.pk", default=None, allow_null=True)
    difference = serializers.DictField(child=serializers.FloatField(allow_null=True))
    margin = serializers.SerializerMethodField()
    refusal = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    expected = serializers.SerializerMethodField(help_text="What to send with a promotion.")

    def get_margin(self, comparison) -> float:
        return MARGIN

    def get_expected(self, comparison) -> int:
        return champion_number(comparison.candidate.project)


class ExpectedSerializer(serializers.Serializer):
    expected = serializers.IntegerField(
        min_value=0, help_text="Number of the promotion that counted when you looked, 0 before the first."
    )


class EvaluateSerializer(serializers.Serializer):
    """Without a `dataset` the model is evaluated on all of the project that have a test part."""

    dataset = serializers.IntegerField(required=False, allow_null=True)


class EvaluateShippedSerializer(EvaluateSerializer):
    project = serializers.IntegerField()


class ModelFilters(django_filters.FilterSet):
    project = KeyFilter("project_id", among=Project)

    class Meta:
        model = ModelVersion
        fields = []


class ModelsView(generics.ListAPIView):
    """The models of your projects, those of a project from the newest."""

    serializer_class = ModelVersionSerializer
    filterset_class = ModelFilters
    queryset = ModelVersion.objects.none()

    def get_queryset(self):
        return ModelVersion.objects.visible_to(self.request.user).select_related("project")


class ModelView(APIView):
    @extend_schema(responses=OneModelSerializer)
    def get(self, request, pk):
        """One model: its card, figures and line."""
        return Response(OneModelSerializer(_model(request, pk)).data)


class ModelEvaluateView(APIView):
    @extend_schema(request=EvaluateSerializer, responses={201: RunSerializer})
    def post(self, request, pk):
        """Queue an evaluation on a dataset's locked test part."""
        version = _model(request, pk, may="editable_by")
        return _evaluate(request, EvaluateSerializer, version.project, version)


class ShippedEvaluateView(APIView):
    @extend_schema(request=EvaluateShippedSerializer, responses={201: RunSerializer})
    def post(self, request):
        """Queue an evaluation of the shipped model on a project's datasets."""
        asked = EvaluateShippedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        key = asked.validated_data["project"]
        project = fetch(Project.objects, by=request.user, may="editable_by", pk=key)
        return _evaluate(request, EvaluateShippedSerializer, project, None)


class ModelPromotionView(APIView):
    @extend_schema(responses=ComparisonSerializer)
    def get(self, request, pk):
        """The model against the champion, as a promotion would be decided now."""
        return Response(ComparisonSerializer(compare(_model(request, pk))).data)

    @extend_schema(request=ExpectedSerializer, responses={201: PromotionSerializer})
    def post(self, request, pk):
        """Make it the champion, if it is shown to be no worse."""
        version = _model(request, pk, may="reviewable_by")
        asked = ExpectedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = promote(by=request.user, candidate=version, **asked.validated_data)
        return Response(PromotionSerializer(done).data, status=status.HTTP_201_CREATED)


class ChampionView(APIView):
    """Who is in use, and how it came to that."""

    @extend_schema(responses=PromotionSerializer(many=True))
    def get(self, request, pk):
        """The promotions of a project, the one that counts first."""
        project = fetch(Project.objects, by=request.user, pk=pk)
        return Response(PromotionSerializer(project.promotions.select_related("by"), many=True).data)

    @extend_schema(request=ExpectedSerializer, responses={201: PromotionSerializer})
    def post(self, request, pk):
        """Go back to the champion before."""
        project = fetch(Project.objects, by=request.user, may="reviewable_by", pk=pk)
        asked = ExpectedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = roll_back(by=request.user, project=project, **asked.validated_data)
        return Response(PromotionSerializer(done).data, status=status.HTTP_201_CREATED)


def _model(request, pk, may="visible_to"):
    return fetch(ModelVersion.objects, by=request.user, may=may, pk=pk)


def _evaluate(request, serializer, project, version):
    asked = serializer(data=request.data)
    asked.is_valid(raise_exception=True)
    key, dataset = asked.validated_data.get("dataset"), None
    if key is not None:
        dataset = fetch(Dataset.objects, by=request.user, pk=key)
    run = start_evaluation(by=request.user, project=project, dataset=dataset, model_version=version)
    return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)
