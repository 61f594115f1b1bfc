"""Who may reach a layer through the API: a stranger gets 404, a member without the role 403."""

from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied

from annotations.models import Layer

READ_ONLY = "You may look at this project but not change it; ask its owner for the annotator role."


def visible_layer(request, pk):
    layers = Layer.objects.visible_to(request.user).select_related("frame__acquisition")
    return get_object_or_404(layers, pk=pk)


def editable_layer(request, pk):
    layer = visible_layer(request, pk)
    if not Layer.objects.editable_by(request.user).filter(pk=pk).exists():
        raise PermissionDenied(READ_ONLY)
    return layer
