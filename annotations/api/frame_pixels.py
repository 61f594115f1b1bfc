"""A frame's pixels: tiles, thumbnail, single values and the histogram; each asks for the permission anew."""

import math

from django.http import Http404, HttpResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.frames import visible_frame
from annotations.display import intensities, tiles
from annotations.display.thumbnail import thumbnail
from annotations.models import Frame
from annotations.services.pixels import pixels_path, tiles_path

# The pixels of a frame never change, and another file is another frame. `Vary: Cookie` comes with the
# session: who logs in next on the same computer does not read the tiles of who was there before.
FOR_EVER = "private, max-age=31536000, immutable"


def _check_visible(request, pk):
    """A tile needs the frame's key alone: one query that reads no row."""
    if not Frame.objects.visible_to(request.user).ready().filter(pk=pk).exists():
        raise Http404


def _for_ever(request, etag, content_type, make):
    """The answer of an address whose content never changes; `make` is called only if it has to be sent."""
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(make(), content_type=content_type)
    response["ETag"], response["Cache-Control"] = etag, FOR_EVER
    return response


class TileView(APIView):
    @extend_schema(
        operation_id="frames_tile",
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request, pk, level, column, row):
        """One tile as little-endian uint16 codes; those at the right and lower edge are smaller."""
        _check_visible(request, pk)

        def read():
            try:
                return tiles.read_tile(tiles_path(pk), level, column, row)
            except ValueError as error:
                raise Http404(str(error)) from error

        return _for_ever(request, f'"{pk}-{level}-{column}-{row}"', "application/octet-stream", read)


class ThumbnailView(APIView):
    @extend_schema(responses={(200, "image/png"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request, pk):
        """A PNG of at most 256 px, contrast by percentiles."""
        _check_visible(request, pk)
        return _for_ever(request, f'"{pk}-thumbnail"', "image/png", lambda: thumbnail(tiles_path(pk)))


class PixelQuery(serializers.Serializer):
    x = serializers.IntegerField(min_value=0)
    y = serializers.IntegerField(min_value=0)


class ValueView(APIView):
    @extend_schema(
        parameters=[PixelQuery],
        responses=inline_serializer(
            "PixelValue",
            {
                "x": serializers.IntegerField(),
                "y": serializers.IntegerField(),
                "value": serializers.FloatField(allow_null=True),
                "text": serializers.CharField(help_text="As stored, also where JSON has no such number."),
            },
        ),
    )
    def get(self, request, pk):
        """The pixel's value as the instrument stored it, never rounded; `value` is null where not finite."""
        frame = visible_frame(request, pk)
        asked = PixelQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        x, y = asked.validated_data["x"], asked.validated_data["y"]
        if x >= frame.width_px or y >= frame.height_px:
            raise serializers.ValidationError(
                f"The frame is {frame.width_px} x {frame.height_px} px; it has no pixel ({x}, {y})."
            )
        value = tiles.read_value(pixels_path(pk), x, y)
        return Response(
            {"x": x, "y": y, "value": value if math.isfinite(value) else None, "text": str(value)}
        )


class HistogramQuery(serializers.Serializer):
    low = serializers.FloatField(required=False, help_text="Pixel value; without: the range of interest.")
    high = serializers.FloatField(required=False)
    bins = serializers.IntegerField(min_value=1, max_value=4096, default=512)


class HistogramView(APIView):
    @extend_schema(
        parameters=[HistogramQuery, OpenApiParameter("full", bool, description="The whole range of values.")],
        responses=inline_serializer(
            "Histogram",
            {
                "low": serializers.FloatField(help_text="Lower edge of the first bin, a pixel value."),
                "bin_width": serializers.FloatField(),
                "counts": serializers.ListField(child=serializers.IntegerField()),
            },
        ),
    )
    def get(self, request, pk):
        """Counts of all pixels at full depth, in bins of a whole number of codes."""
        _check_visible(request, pk)
        asked = HistogramQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        info = tiles.read_info(tiles_path(pk))
        low, high = range_of_interest(info)
        if request.query_params.get("full") in {"1", "true"}:
            low, high = info.value_min, info.value_max
        low, high = asked.validated_data.get("low", low), asked.validated_data.get("high", high)
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise serializers.ValidationError("Give finite numbers with low not above high.")
        counts, width = intensities.histogram(
            tiles.read_counts(tiles_path(pk)), info.code(low), info.code(high), asked.validated_data["bins"]
        )
        # A code stands for the values half a step around it.
        edge = info.value_offset + info.value_step * (info.code(low) - 0.5)
        response = Response({"low": edge, "bin_width": width * info.value_step, "counts": counts.tolist()})
        response["Cache-Control"] = FOR_EVER
        return response


def range_of_interest(info):
    """Where nearly all values lie, with as much again around it, inside the extremes."""
    low, high = info.percentiles["0.1"], info.percentiles["99.9"]
    margin = (high - low) / 2
    return max(info.value_min, low - margin), min(info.value_max, high + margin)
