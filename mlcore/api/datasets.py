"""Datasets: freeze one, see how far it is, read what is in it, and take it away as COCO."""

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.key_filter import KeyFilter
from annotations.api.schema import described
from annotations.models import Project
from annotations.services.access import fetch
from mlcore.models import Dataset, DatasetFrame, ModelVersion, Run
from mlcore.services.dataset_specimens import SPECIMEN_BY
from mlcore.services.datasets import discard_dataset, freeze_dataset
from mlcore.services.synthesise_start import start_synthesis
from mlcore.simulation.request import RANGES, TITLES
from mlcore.views.stored_file import stored_file


class DatasetSerializer(serializers.ModelSerializer):
    """`message` is one sentence where it could not be frozen; nothing of a ready one ever changes."""

    created_by = serializers.CharField(source="created_by.display_name", default="", read_only=True)
    page_url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Dataset
        counts = ["n_frames", "n_done", "n_particles"]
        what = ["id", "project", "name", "version", "status", "message", "seed", "sha256"]
        fields = [*what, *counts, "created_by", "created_at", "frozen_at", "page_url"]
        read_only_fields = fields


class WholeDatasetSerializer(DatasetSerializer):
    """With its composition, frames that look alike across splits, and what changed since the last version."""

    class Meta(DatasetSerializer.Meta):
        fields = [*DatasetSerializer.Meta.fields, "composition", "leaks", "changes"]
        read_only_fields = fields


class DatasetFrameSerializer(serializers.ModelSerializer):
    class Meta:
        model = DatasetFrame
        hashes = ["pixels_sha256", "truth_sha256", "perceptual_hash"]
        what = ["id", "name", "frame", "origin", "specimen", "split", "n_particles", "pixel_size_nm"]
        fields = [*what, "layer_sequence", *hashes]
        read_only_fields = fields


class FreezeSerializer(serializers.Serializer):
    """What is frozen: reviewed images, all or some, and the frames of runs that made synthetic ones."""

    project = serializers.IntegerField()
    name = serializers.CharField(max_length=80)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    with_reviewed = serializers.BooleanField(default=True)
    frames = serializers.ListField(
        child=serializers.IntegerField(), required=False, allow_null=True,
        help_text="These images alone; each must be reviewed.",
    )  # fmt: skip
    words = serializers.CharField(
        default="", allow_blank=True, max_length=200,
        help_text="Only reviewed images with these words in name or metadata.",
    )  # fmt: skip
    runs = serializers.ListField(child=serializers.IntegerField(), default=list)
    specimen_by = serializers.ChoiceField(
        choices=list(SPECIMEN_BY.items()), default="file",
        help_text="What an image whose specimen nobody named is taken to be of.",
    )  # fmt: skip


class SynthesisSerializer(serializers.Serializer):
    """Settings of the simulator; a range that is left out is the tier's own."""

    project = serializers.IntegerField()
    tier = serializers.ChoiceField(choices=list(TITLES.items()), default="training")
    count = serializers.IntegerField(default=100)
    size_px = serializers.IntegerField(default=512)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    gan = serializers.IntegerField(
        required=False, allow_null=True, help_text="A model that refines them; left out: as simulated."
    )

    def get_fields(self):
        ranges = {
            name: serializers.ListField(
                child=serializers.FloatField(), min_length=2, max_length=2, required=False,
                help_text=f"{words}, lowest and highest, from {low:g} to {high:g}.",
            )
            for name, (_, low, high, _, words) in RANGES.items()
        }  # fmt: skip
        return {**super().get_fields(), **ranges}


class SynthesisedSerializer(serializers.Serializer):
    """The run; `runs/<id>/` tells how far it is."""

    id = serializers.IntegerField()
    status = serializers.CharField()
    page_url = serializers.CharField(source="get_absolute_url")


class DatasetFilters(django_filters.FilterSet):
    project = KeyFilter("project_id", among=Project)

    class Meta:
        model = Dataset
        fields = ["status", "name"]


class DatasetsView(generics.ListAPIView):
    """The datasets of your projects, by name, the newest version first."""

    serializer_class = DatasetSerializer
    filterset_class = DatasetFilters
    queryset = Dataset.objects.none()

    def get_queryset(self):
        found = Dataset.objects.visible_to(self.request.user).select_related("created_by")
        return found.defer("sources", "leaks", "changes", "composition")

    @extend_schema(request=FreezeSerializer, responses={201: DatasetSerializer})
    def post(self, request):
        """Freeze a new version; a worker writes it, and `status` tells when it is ready."""
        asked = FreezeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        asked = dict(asked.validated_data)
        project = fetch(Project.objects, by=request.user, may="editable_by", pk=asked.pop("project"))
        wanted = asked.pop("runs")
        runs = list(Run.objects.visible_to(request.user).filter(pk__in=wanted))
        if len(runs) < len(set(wanted)):
            raise serializers.ValidationError({"runs": ["Some of these runs do not exist."]})
        row = freeze_dataset(by=request.user, project=project, runs=runs, **asked)
        return Response(DatasetSerializer(row).data, status=status.HTTP_201_CREATED)


@described(
    get="One dataset, with its composition, its leaks and its changes.",
    delete="Remove one that could not be frozen.",
)
class DatasetView(generics.RetrieveDestroyAPIView):
    serializer_class = WholeDatasetSerializer
    queryset = Dataset.objects.none()

    def get_object(self):
        rows = Dataset.objects.select_related("created_by")
        may = "editable_by" if self.request.method == "DELETE" else "visible_to"
        return fetch(rows, by=self.request.user, may=may, pk=self.kwargs["pk"])

    def perform_destroy(self, instance):
        discard_dataset(dataset=instance)


class DatasetFramesView(generics.ListAPIView):
    """The frames of a dataset with their splits and hashes."""

    serializer_class = DatasetFrameSerializer
    queryset = DatasetFrame.objects.none()

    def get_queryset(self):
        if getattr(self, "swagger_fake_view", False):
            return DatasetFrame.objects.none()
        rows = Dataset.objects.visible_to(self.request.user)
        dataset = get_object_or_404(rows, pk=self.kwargs["pk"])
        return DatasetFrame.objects.filter(dataset=dataset).order_by("name")


class DatasetCocoView(APIView):
    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request, pk):
        """All frames with split and hashes, all particles as they were drawn, as one COCO file."""
        dataset = fetch(Dataset.objects.ready(), by=request.user, pk=pk)
        name = f"{dataset.name} v{dataset.version}.json"
        return stored_file(request, dataset.folder, "coco.json", "application/json", download_as=name)


class SynthesisView(APIView):
    @extend_schema(request=SynthesisSerializer, responses={201: SynthesisedSerializer})
    def post(self, request):
        """Make synthetic frames with their exact truth; the same settings and seed make the same bytes."""
        asked = SynthesisSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        asked = dict(asked.validated_data)
        project = fetch(Project.objects, by=request.user, may="editable_by", pk=asked.pop("project"))
        gan = asked.pop("gan", None)
        if gan is not None:
            gan = fetch(ModelVersion.objects, by=request.user, pk=gan)
        seed = asked.pop("seed")
        run = start_synthesis(by=request.user, project=project, seed=seed, config=asked, gan=gan)
        return Response(SynthesisedSerializer(run).data, status=status.HTTP_201_CREATED)
