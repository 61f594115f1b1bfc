"""Calibrations of an acquisition: readings of the file and what people decided, newest first."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response

from annotations.api.schema import described
from annotations.models import Acquisition, Calibration, Frame
from annotations.services.access import fetch
from annotations.services.calibrate import adopt_reading, from_scale_bar, type_in, withdraw


class CalibrationSerializer(serializers.ModelSerializer):
    source_label = serializers.CharField(source="get_source_display", read_only=True)
    author = serializers.CharField(source="author.display_name", default="", read_only=True)
    frame_index = serializers.IntegerField(
        source="frame.index", default=None, read_only=True, allow_null=True
    )

    class Meta:
        model = Calibration
        sizes = ["pixel_size_x_nm", "pixel_size_y_nm", "relative_uncertainty"]
        made = ["source", "source_label", "detail", "is_adopted", "author", "created_at"]
        fields = ["id", "acquisition", "frame", "frame_index", "version", *sizes, *made]
        read_only_fields = fields


class NewCalibrationSerializer(serializers.Serializer):
    """One of four decisions, named by `kind`; it becomes a new version, in force at once.

    `typed` takes `pixel_size_x_nm` (and y where pixels are not square), `scale_bar` takes `length_px` and
    `length_nm`, `reading` takes the `calibration` to adopt, `withdrawn` takes nothing.
    """

    NEEDED = {
        "typed": ["pixel_size_x_nm"],
        "scale_bar": ["length_px", "length_nm"],
        "reading": ["calibration"],
        "withdrawn": [],
    }
    OPTIONAL = {
        "typed": ["pixel_size_y_nm", "relative_uncertainty"],
        "scale_bar": ["end_half_width_px", "bar_relative_uncertainty"],
    }

    kind = serializers.ChoiceField(choices=list(NEEDED))
    frame = serializers.IntegerField(required=False, allow_null=True, help_text="Only this frame; else all.")
    detail = serializers.CharField(required=False, allow_blank=True, max_length=200)
    pixel_size_x_nm = serializers.FloatField(required=False)
    pixel_size_y_nm = serializers.FloatField(required=False, allow_null=True)
    relative_uncertainty = serializers.FloatField(
        required=False, allow_null=True, help_text="Standard uncertainty as a fraction: 0.01 is 1 %."
    )
    length_px = serializers.FloatField(required=False)
    length_nm = serializers.FloatField(required=False)
    end_half_width_px = serializers.FloatField(
        required=False, help_text="How far off each end of the bar may have been read; 1 px if not told."
    )
    bar_relative_uncertainty = serializers.FloatField(required=False)
    calibration = serializers.IntegerField(required=False, help_text="The version to put in force again.")

    def validate(self, attrs):
        missing = [name for name in self.NEEDED[attrs["kind"]] if attrs.get(name) is None]
        if missing:
            raise serializers.ValidationError(dict.fromkeys(missing, f"A {attrs['kind']} needs this."))
        return attrs


@described(
    get="All versions of the calibration, newest first.",
    post="Decide on the pixel size; the sizes in nm follow at once.",
)
class CalibrationsView(generics.ListCreateAPIView):
    """GET: all versions, newest first. POST: decide; the sizes in nm follow at once."""

    queryset = Calibration.objects.none()

    def get_serializer_class(self):
        return NewCalibrationSerializer if self.request.method == "POST" else CalibrationSerializer

    def get_queryset(self):
        acquisition = fetch(Acquisition.objects, by=self.request.user, pk=self.kwargs["pk"])
        return acquisition.calibrations.select_related("author", "frame")

    @extend_schema(request=NewCalibrationSerializer, responses={201: CalibrationSerializer})
    def post(self, request, *args, **kwargs):
        # Fetched before the body is looked at: who may not calibrate learns that and no more.
        acquisition = fetch(Acquisition.objects, by=request.user, may="editable_by", pk=self.kwargs["pk"])
        asked = NewCalibrationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = decide(by=request.user, acquisition=acquisition, **asked.validated_data)
        return Response(CalibrationSerializer(row).data, status=status.HTTP_201_CREATED)


def decide(*, by, acquisition, kind, **told):
    """Call the service that `kind` names; a frame or version of another acquisition is not found."""
    if kind == "reading":
        row = (
            acquisition.calibrations.filter(pk=told["calibration"])
            .select_related("acquisition", "frame")
            .first()
        )
        if row is None:
            raise serializers.ValidationError({"calibration": "This file has no such version."})
        return adopt_reading(by=by, calibration=row)
    names = [*NewCalibrationSerializer.NEEDED[kind], *NewCalibrationSerializer.OPTIONAL.get(kind, [])]
    known = {name: told[name] for name in names if told.get(name) is not None}
    if told.get("frame") is not None:
        known["frame"] = Frame.objects.filter(acquisition=acquisition, pk=told["frame"]).first()
        if known["frame"] is None:
            raise serializers.ValidationError({"frame": "This file has no such frame."})
    service = {"typed": type_in, "scale_bar": from_scale_bar, "withdrawn": withdraw}[kind]
    return service(by=by, acquisition=acquisition, detail=told.get("detail", ""), **known)
