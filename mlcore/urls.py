from django.urls import path

from mlcore.views import runs

urlpatterns = [
    path("projects/<int:pk>/runs/", runs.project_runs, name="project-runs"),
    path("projects/<int:pk>/runs/start/", runs.run_start, name="project-run-start"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run-cancel"),
]
