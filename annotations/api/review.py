"""The mark of a reviewer on a frame's annotations."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.layers import LayerSerializer
from annotations.models import Layer
from annotations.services.access import fetch
from annotations.services.review import record_review, withdraw_review


class ReviewSerializer(serializers.Serializer):
    sequence = serializers.IntegerField(min_value=0, help_text="The layer's, as the reviewer saw it.")


class LayerReviewView(APIView):
    serializer_class = LayerSerializer

    def layer(self):
        layers = Layer.objects.select_related("frame__acquisition")
        return fetch(layers, by=self.request.user, may="reviewable_by", pk=self.kwargs["pk"])

    @extend_schema(request=ReviewSerializer, responses=LayerSerializer)
    def post(self, request, pk):
        """Call the annotations right as they are at `sequence`; any later edit takes the mark off."""
        layer = self.layer()
        asked = ReviewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        layer = record_review(layer=layer, by=request.user, sequence=asked.validated_data["sequence"])
        return Response(LayerSerializer(layer).data)

    @extend_schema(responses={200: LayerSerializer})
    def delete(self, request, pk):
        """Take the mark off; datasets frozen with it stay as they are."""
        return Response(LayerSerializer(withdraw_review(layer=self.layer())).data)
