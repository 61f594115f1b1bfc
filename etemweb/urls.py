from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("annotations.urls")),
    path("", include("mlcore.urls")),
    path("", include("analysis.urls")),
    path("api/", include("etemweb.api_urls")),
    path("admin/", admin.site.urls),
]
