from django.urls import path

from analysis.api.sizes import ParticlesView, SizesView

urlpatterns = [
    path("projects/<int:pk>/sizes/", SizesView.as_view(), name="api-sizes"),
    path("particles/", ParticlesView.as_view(), name="api-particles"),
]
