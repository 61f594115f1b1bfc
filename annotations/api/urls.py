from django.urls import path

from annotations.api.decisions import DecisionsView
from annotations.api.edits import EditsView, FitView, HistoryView
from annotations.api.layers import LayerParticlesView, LayersView
from annotations.api.particles import ParticleView
from annotations.api.uploads import UploadListView, UploadView

urlpatterns = [
    path("uploads/", UploadListView.as_view(), name="api-uploads"),
    path("uploads/<uuid:pk>/", UploadView.as_view(), name="api-upload"),
    path("layers/", LayersView.as_view(), name="api-layers"),
    path("layers/<int:pk>/particles/", LayerParticlesView.as_view(), name="api-layer-particles"),
    path("layers/<int:pk>/edits/", EditsView.as_view(), name="api-layer-edits"),
    path("layers/<int:pk>/fit/", FitView.as_view(), name="api-layer-fit"),
    path("layers/<int:pk>/history/", HistoryView.as_view(), name="api-layer-history"),
    path("layers/<int:pk>/decisions/", DecisionsView.as_view(), name="api-layer-decisions"),
    path("particles/<uuid:pk>/", ParticleView.as_view(), name="api-particle"),
]
