"""Accepting and rejecting suggestions over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.edits import MAX_ROWS
from annotations.api.layer_access import editable_layer
from annotations.api.ledger_schema import DecidedSerializer
from annotations.api.particle_rows import row
from annotations.models import Particle
from annotations.services.suggestions import decide

MAX_NAMED = 5000
CONFIDENCE = {"min_value": 0, "max_value": 1, "required": False, "allow_null": True, "default": None}


class DecisionSerializer(serializers.Serializer):
    group = serializers.UUIDField(help_text="Chosen by the client; sent again, the decision is made once.")
    decision = serializers.ChoiceField([Particle.Decision.ACCEPTED, Particle.Decision.REJECTED])
    suggestions = serializers.ListField(
        child=serializers.UUIDField(), max_length=MAX_NAMED, required=False, allow_null=True, default=None
    )
    min_confidence = serializers.FloatField(**CONFIDENCE, help_text="All open ones at or above it.")
    below_confidence = serializers.FloatField(**CONFIDENCE, help_text="All open ones below it.")


class DecisionsView(APIView):
    @extend_schema(request=DecisionSerializer, responses=DecidedSerializer)
    def post(self, request, pk):
        """Accept or reject: named suggestions, or all open ones on one side of a confidence."""
        layer = editable_layer(request, pk)
        sent = DecisionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        decided = decide(layer=layer, by=request.user, **sent.validated_data)
        body = {"layer": decided.layer.pk, "sequence": decided.layer.sequence, "decided": decided.count,
                "already_there": decided.already_there, "events": len(decided.particles)}  # fmt: skip
        if decided.is_replay or len(decided.particles) > MAX_ROWS:
            return Response(body | {"reload": True})
        return Response(body | {"particles": [row(particle) for particle in decided.particles]})
