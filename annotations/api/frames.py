"""Frames: what there is to know of one before its pixels, and the frames beside it."""

from django.db.models import Q
from django.urls import reverse
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.display import tiles
from annotations.display.pyramid import levels
from annotations.models import Acquisition, Calibration, Frame
from annotations.services.calibration_state import calibration_state
from annotations.services.pixels import tiles_path

STRIP_LIMIT = 20_000


class CalibrationInForceSerializer(serializers.ModelSerializer):
    source_label = serializers.CharField(source="get_source_display", read_only=True)
    author = serializers.CharField(source="author.display_name", default="", read_only=True)

    class Meta:
        model = Calibration
        fields = [
            "id",
            "version",
            "pixel_size_x_nm",
            "pixel_size_y_nm",
            "relative_uncertainty",
            "source",
            "source_label",
            "detail",
            "author",
            "created_at",
        ]
        read_only_fields = fields


class FrameSerializer(serializers.ModelSerializer):
    """All that the viewer needs of a frame; pixels come as tiles."""

    name = serializers.CharField(source="acquisition.name", read_only=True)
    project = serializers.IntegerField(source="acquisition.project_id", read_only=True)
    n_frames = serializers.IntegerField(source="acquisition.frames.count", read_only=True)
    page_url = serializers.CharField(source="get_absolute_url", read_only=True)
    acquisition_url = serializers.CharField(source="acquisition.get_absolute_url", read_only=True)
    tile_px = serializers.IntegerField(default=tiles.TILE_PX, read_only=True)
    n_levels = serializers.SerializerMethodField()
    tiles_url = serializers.SerializerMethodField(help_text="Then level/column/row; level 0 is full size.")
    thumbnail_url = serializers.SerializerMethodField()
    values_url = serializers.SerializerMethodField()
    histogram_url = serializers.SerializerMethodField()
    strip_url = serializers.SerializerMethodField()
    calibrations_url = serializers.SerializerMethodField()

    class Meta:
        model = Frame
        fields = [
            "id",
            "acquisition",
            "project",
            "name",
            "index",
            "n_frames",
            "title",
            "width_px",
            "height_px",
            "dtype",
            "value_offset",
            "value_step",
            "value_min",
            "value_max",
            "is_exact",
            "page_url",
            "acquisition_url",
            "tile_px",
            "n_levels",
            "tiles_url",
            "thumbnail_url",
            "values_url",
            "histogram_url",
            "strip_url",
            "calibrations_url",
        ]
        read_only_fields = fields

    def get_n_levels(self, frame) -> int:
        return len(levels(frame.width_px, frame.height_px))

    def get_tiles_url(self, frame) -> str:
        return reverse("api-frame-tile", args=[frame.pk, 0, 0, 0]).removesuffix("0/0/0")

    def get_thumbnail_url(self, frame) -> str:
        return reverse("api-frame-thumbnail", args=[frame.pk])

    def get_values_url(self, frame) -> str:
        return reverse("api-frame-values", args=[frame.pk])

    def get_histogram_url(self, frame) -> str:
        return reverse("api-frame-histogram", args=[frame.pk])

    def get_strip_url(self, frame) -> str:
        return reverse("api-frame-strip", args=[frame.pk])

    def get_calibrations_url(self, frame) -> str:
        return f"/api/v1/acquisitions/{frame.acquisition_id}/calibrations/"

    def to_representation(self, frame):
        calibration, state, reason = calibration_state(frame)
        before, after = neighbours(frame)
        return {
            **super().to_representation(frame),
            "percentiles": tiles.read_info(tiles_path(frame)).percentiles,
            "calibration": calibration and CalibrationInForceSerializer(calibration).data,
            "calibration_state": state,
            "calibration_reason": reason,
            "previous": before,
            "next": after,
        }


def neighbours(frame):
    """Keys of the frames before and after: of the same file, then of the files beside it in the project."""
    own = Frame.objects.filter(acquisition=frame.acquisition_id)
    before = own.filter(index__lt=frame.index).order_by("-index").values_list("pk", flat=True).first()
    after = own.filter(index__gt=frame.index).order_by("index").values_list("pk", flat=True).first()
    if before is None or after is None:
        place = frame.acquisition
        ready = Acquisition.objects.ready().filter(project=place.project_id, frames__isnull=False)
        same = Q(uploaded_at=place.uploaded_at)
        if before is None:  # files are listed newest first
            # The first condition bounds what is read, the second decides among those of one moment.
            newer = ready.filter(uploaded_at__gte=place.uploaded_at).exclude(same & Q(pk__lte=place.pk))
            before = _of(newer.order_by("uploaded_at", "pk").only("pk").first(), "-index")
        if after is None:
            older = ready.filter(uploaded_at__lte=place.uploaded_at).exclude(same & Q(pk__gte=place.pk))
            after = _of(older.order_by("-uploaded_at", "-pk").only("pk").first(), "index")
    return before, after


def _of(acquisition, order):
    frames = acquisition.frames.order_by(order) if acquisition else Frame.objects.none()
    return frames.values_list("pk", flat=True).first()


def visible_frame(request, pk):
    frames = Frame.objects.visible_to(request.user).ready().select_related("acquisition")
    return get_object_or_404(frames, pk=pk)


class FrameView(APIView):
    @extend_schema(responses=FrameSerializer)
    def get(self, request, pk):
        """A frame's size, coding, percentiles, calibration in force (or why there is none) and neighbours."""
        return Response(FrameSerializer(visible_frame(request, pk)).data)


class FrameStripView(APIView):
    @extend_schema(
        responses=inline_serializer(
            "FrameStrip",
            {
                "title": serializers.CharField(),
                "ids": serializers.ListField(child=serializers.IntegerField()),
                "labels": serializers.ListField(child=serializers.CharField()),
            },
        )
    )
    def get(self, request, pk):
        """The frames to step through from here: those of a stack, or the images of the project."""
        frame = visible_frame(request, pk)
        stack = frame.acquisition.frames.order_by("index").values_list("pk", "index")[:STRIP_LIMIT]
        if len(stack) > 1:
            title, found = f"Frames of {frame.acquisition.name}", [(key, str(i + 1)) for key, i in stack]
        else:
            ready = Frame.objects.ready().filter(acquisition__project=frame.acquisition.project_id, index=0)
            newest_first = ready.order_by("-acquisition__uploaded_at", "-acquisition__pk")
            title = "Images of this project"
            found = newest_first.values_list("pk", "acquisition__name")[:STRIP_LIMIT]
        ids, labels = ([row[i] for row in found] for i in (0, 1))
        return Response({"title": title, "ids": ids, "labels": labels})
