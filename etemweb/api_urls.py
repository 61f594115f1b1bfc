"""The API: /api/v1/ from the three apps, its schema and its documentation page."""

from django.shortcuts import render
from django.urls import include, path, reverse
from drf_spectacular.views import SpectacularAPIView


def docs(request):
    return render(request, "api_docs.html", {"page_data": {"schema": reverse("schema")}})


urlpatterns = [
    path("v1/", include("annotations.api.urls")),
    path("v1/", include("mlcore.api.urls")),
    path("v1/", include("analysis.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="api-docs"),
]
