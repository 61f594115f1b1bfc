from django.urls import path

from mlcore.views import models, next, runs

urlpatterns = [
    path("projects/<int:pk>/runs/", runs.project_runs, name="project-runs"),
    path("projects/<int:pk>/runs/start/", runs.run_start, name="project-run-start"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run-cancel"),
    path("projects/<int:pk>/models/", models.project_models, name="project-models"),
    path("projects/<int:pk>/models/back/", models.model_roll_back, name="project-models-back"),
    path("projects/<int:pk>/models/shipped/", models.model_shipped, name="project-model-shipped"),
    path("projects/<int:pk>/models/shipped/evaluate/", models.shipped_evaluate, name="shipped-evaluate"),
    path("models/<int:pk>/", models.model_version, name="model-version"),
    path("models/<int:pk>/download/", models.model_download, name="model-download"),
    path("models/<int:pk>/evaluate/", models.model_evaluate, name="model-evaluate"),
    path("models/<int:pk>/promote/", models.model_promote, name="model-promote"),
    path("models/<int:pk>/shadow/", models.model_shadow, name="model-shadow"),
    path("projects/<int:pk>/next/", next.next_frames, name="project-next"),
    path("projects/<int:pk>/next/fine-tune/", next.fine_tune, name="project-fine-tune"),
    path("frames/<int:pk>/next/", next.next_frame, name="frame-next"),
]
