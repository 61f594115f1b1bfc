from django.urls import path

from mlcore.api.runs import CancelRunView, RunsView, RunView

urlpatterns = [
    path("runs/", RunsView.as_view(), name="api-runs"),
    path("runs/<int:pk>/", RunView.as_view(), name="api-run"),
    path("runs/<int:pk>/cancel/", CancelRunView.as_view(), name="api-run-cancel"),
]
