"""Layers of a frame, and their particles in the editor's compact form."""

from django.apps import apps
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.known_parameters import refuse_unknown
from annotations.api.layer_access import READ_ONLY, visible_layer
from annotations.api.ledger_schema import COLUMNS_OR_OUTLINES
from annotations.api.particle_rows import columns, gzipped_json, packed_outline
from annotations.models import Frame, Layer, Particle
from annotations.services.layers import working_layer


class LayerSerializer(serializers.ModelSerializer):
    particles = serializers.IntegerField(source="n_particles", read_only=True, default=0)
    open = serializers.IntegerField(
        source="n_open", read_only=True, default=0, help_text="Undecided suggestions."
    )
    reviewed_by = serializers.CharField(source="reviewed_by.display_name", default="", read_only=True)
    is_reviewed = serializers.BooleanField(
        read_only=True, help_text="A reviewer called it right, and nobody has edited it since."
    )

    class Meta:
        model = Layer
        review = ["is_reviewed", "reviewed_sequence", "reviewed_by", "reviewed_at"]
        fields = ["id", "frame", "kind", "name", "sequence", "created_at", "particles", "open", *review]
        read_only_fields = ["id", "kind", "name", "sequence", "created_at", *review]


class FrameOf(serializers.Serializer):
    frame = serializers.IntegerField()


class LayersOf(serializers.Serializer):
    frame = serializers.IntegerField(required=False)
    run = serializers.IntegerField(required=False)

    def validate(self, attrs):
        if len(attrs) != 1:
            raise serializers.ValidationError("Say whose layers: `frame` or `run`, one of them.")
        return attrs


class LayersView(APIView):
    @extend_schema(
        operation_id="layers_list",
        parameters=[OpenApiParameter("frame", int), OpenApiParameter("run", int)],
        responses=LayerSerializer(many=True),
    )
    def get(self, request):
        """The layers of a frame (annotations first, then the newest suggestions), or those of a run."""
        refuse_unknown(request, LayersOf().fields)
        asked = LayersOf(data=request.query_params)
        asked.is_valid(raise_exception=True)
        layers = Layer.objects.visible_to(request.user)
        if "frame" in asked.validated_data:
            frames = Frame.objects.visible_to(request.user)
            layers = layers.filter(frame=get_object_or_404(frames, pk=asked.validated_data["frame"]))
        else:
            runs = apps.get_model("mlcore", "Run").objects.visible_to(request.user)
            layers = layers.filter(prediction__run=get_object_or_404(runs, pk=asked.validated_data["run"]))
        pending = Q(particles__decision=Particle.Decision.PENDING, kind=Layer.Kind.SUGGESTION)
        layers = (
            layers.annotate(n_particles=Count("particles"), n_open=Count("particles", filter=pending))
            .select_related("reviewed_by")
            .order_by("-kind", "-pk")
        )
        return Response(LayerSerializer(layers, many=True).data)

    @extend_schema(request=FrameOf, responses={200: LayerSerializer})
    def post(self, request):
        """The frame's own layer of annotations, made if there is none yet."""
        asked = FrameOf(data=request.data)
        asked.is_valid(raise_exception=True)
        frame = get_object_or_404(Frame.objects.visible_to(request.user), pk=asked.validated_data["frame"])
        if not Frame.objects.editable_by(request.user).filter(pk=frame.pk).exists():
            raise PermissionDenied(READ_ONLY)
        return Response(LayerSerializer(working_layer(frame=frame)).data, status=status.HTTP_200_OK)


class LayerParticlesView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("outlines", bool, description="Give ids and outlines instead.")],
        responses=COLUMNS_OR_OUTLINES,
    )
    def get(self, request, pk):
        """All particles of a layer, column by column: 5,000 in one answer."""
        layer = visible_layer(request, pk)
        particles = Particle.objects.filter(layer=layer).order_by("created_at", "id")
        if request.query_params.get("outlines") in {"1", "true"}:
            found = list(particles.filter(outline__isnull=False).values_list("id", "outline"))
            return gzipped_json(
                request,
                {"id": [key.hex for key, _ in found], "outline": [packed_outline(o) for _, o in found]},
            )
        # The sequence was read first: what is written in between comes again later, and does no harm.
        return gzipped_json(request, {"layer": layer.pk, "sequence": layer.sequence, **columns(particles)})
