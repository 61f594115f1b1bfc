from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path

from etemweb.doctor.page import doctor_page
from etemweb.metrics_view import metrics


@login_not_required
def favicon(request):
    """Browsers ask for it by this name whatever they show: a file, an answer of the API."""
    return redirect(static("img/favicon.ico"))


urlpatterns = [
    path("", include("annotations.urls")),
    path("", include("mlcore.urls")),
    path("", include("analysis.urls")),
    path("api/", include("etemweb.api_urls")),
    path("admin/doctor/", admin.site.admin_view(doctor_page), name="admin-doctor"),
    path("admin/", admin.site.urls),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", favicon, name="favicon"),
]
