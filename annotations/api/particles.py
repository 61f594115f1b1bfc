"""One particle with all its sizes."""

from django.shortcuts import get_object_or_404
from rest_framework import generics, serializers

from annotations.models import Particle
from annotations.services.measure import MEASURED_FIELDS
from annotations.services.projection import OF_ENGINE


class ParticleSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="created_by.display_name", default="", read_only=True)

    class Meta:
        model = Particle
        fields = [
            "id", "layer", "version", "label_class", "x", "y", "width", "height", "outline", *OF_ENGINE,
            "origin", "decision", "source", "author", "created_at", "calibration", *MEASURED_FIELDS,
        ]  # fmt: skip


class ParticleView(generics.RetrieveAPIView):
    """One particle: its box, outline, origin and sizes."""

    serializer_class = ParticleSerializer
    queryset = Particle.objects.none()

    def get_object(self):
        found = Particle.objects.visible_to(self.request.user).select_related("created_by")
        return get_object_or_404(found, pk=self.kwargs["pk"])
