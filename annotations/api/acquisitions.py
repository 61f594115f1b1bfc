"""Acquisitions: what was uploaded, what its file told, and the file itself, byte for byte."""

from django.http import Http404
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.acquisition_filters import AcquisitionFilters, counted
from annotations.api.schema import described
from annotations.api.uploads import OneFileUpload
from annotations.models import Acquisition
from annotations.services.access import fetch
from annotations.services.acquisitions import delete_acquisition, retry_import
from annotations.services.specimen import name_specimen
from annotations.services.storage import original_path
from annotations.views.streaming import download


class AcquisitionSerializer(serializers.ModelSerializer):
    """`message` is one sentence on a refused or failed import; `notes` are remarks on one that went well."""

    frames = serializers.IntegerField(source="n_frames", read_only=True)
    uploaded_by = serializers.CharField(source="uploaded_by.display_name", default="", read_only=True)
    page_url = serializers.CharField(source="get_absolute_url", read_only=True)
    message = serializers.CharField(source="explanation", read_only=True)

    class Meta:
        model = Acquisition
        told = ["acquired_at", "instrument", "detector", "voltage_kv", "magnification", "exposure_s"]
        told = [*told, "gas", "pressure_pa", "temperature_c"]
        state = ["status", "progress", "message", "notes", "reader", "frames"]
        upload = ["sha256", "size_bytes", "uploaded_by", "uploaded_at", "imported_at"]
        fields = ["id", "project", "name", "specimen", *state, *upload, *told, "page_url"]
        read_only_fields = fields


class FrameInListSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    index = serializers.IntegerField()
    title = serializers.CharField()
    width_px = serializers.IntegerField()
    height_px = serializers.IntegerField()
    dtype = serializers.CharField()
    unsizeable_reason = serializers.CharField()
    calibration_conflict = serializers.CharField()


class WholeAcquisitionSerializer(AcquisitionSerializer):
    """With all the metadata and, of a long stack, the first hundred frames."""

    FRAMES = 100
    first_frames = serializers.SerializerMethodField()

    class Meta(AcquisitionSerializer.Meta):
        fields = [*AcquisitionSerializer.Meta.fields, "metadata", "first_frames"]
        read_only_fields = fields

    @extend_schema(responses=FrameInListSerializer(many=True))
    def get_first_frames(self, acquisition) -> list[dict]:
        return FrameInListSerializer(acquisition.frames.all()[: self.FRAMES], many=True).data


class AcquisitionsView(OneFileUpload, generics.ListAPIView):
    """The acquisitions of your projects, newest first."""

    serializer_class = AcquisitionSerializer
    filterset_class = AcquisitionFilters
    queryset = Acquisition.objects.none()

    parser_classes = [MultiPartParser]

    def get_queryset(self):
        visible = Acquisition.objects.visible_to(self.request.user)
        return counted(visible).select_related("uploaded_by").defer("metadata")


class SpecimenSerializer(serializers.Serializer):
    specimen = serializers.CharField(
        allow_blank=True, max_length=120, help_text="Empty: each file is guessed to be one of its own."
    )


@described(
    get="One acquisition: what its file told, and how its import went.",
    patch="Say of which specimen it is.",
    delete="Delete the acquisition with all that was drawn on it, as its managers may.",
)
class AcquisitionView(generics.RetrieveDestroyAPIView):
    """One acquisition. Its managers may delete it, with all that was drawn on it."""

    serializer_class = WholeAcquisitionSerializer
    queryset = Acquisition.objects.none()

    def get_object(self):
        may = "manageable_by" if self.request.method == "DELETE" else "visible_to"
        rows = Acquisition.objects.select_related("uploaded_by")
        found = fetch(rows, by=self.request.user, may=may, pk=self.kwargs["pk"])
        found.n_frames = found.frames.count()
        return found

    @extend_schema(request=SpecimenSerializer, responses=AcquisitionSerializer)
    def patch(self, request, pk):
        """Say of which specimen it is: images of one stay on one side of a dataset's split."""
        found = fetch(Acquisition.objects, by=request.user, may="editable_by", pk=pk)
        asked = SpecimenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        name_specimen(acquisition=found, name=asked.validated_data["specimen"])
        return Response(self.get_serializer(self.get_object()).data)

    def perform_destroy(self, instance):
        delete_acquisition(acquisition=instance)


class RetryView(APIView):
    serializer_class = AcquisitionSerializer

    @extend_schema(request=None, responses={202: AcquisitionSerializer})
    def post(self, request, pk):
        """Read a failed file again from its original."""
        acquisition = fetch(Acquisition.objects, by=request.user, may="editable_by", pk=pk)
        acquisition = retry_import(acquisition=acquisition)
        acquisition.n_frames = 0
        return Response(AcquisitionSerializer(acquisition).data, status=status.HTTP_202_ACCEPTED)


class OriginalView(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request, pk):
        """The file as it was uploaded, byte for byte."""
        acquisition = fetch(Acquisition.objects, by=request.user, pk=pk)
        path = original_path(acquisition)
        if path is None or not path.is_file():
            raise Http404
        return download(request, path, acquisition.name)
