from django.urls import path

from annotations.api.uploads import UploadListView, UploadView

urlpatterns = [
    path("uploads/", UploadListView.as_view(), name="api-uploads"),
    path("uploads/<uuid:pk>/", UploadView.as_view(), name="api-upload"),
]
