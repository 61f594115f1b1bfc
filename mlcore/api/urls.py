from django.urls import path

from mlcore.api.comparing import ModelShadowView, NextFramesView
from mlcore.api.datasets import (
    DatasetCocoView,
    DatasetFramesView,
    DatasetsView,
    DatasetView,
    SynthesisView,
)
from mlcore.api.models import (
    ChampionView,
    ModelEvaluateView,
    ModelPromotionView,
    ModelsView,
    ModelView,
    ShippedEvaluateView,
)
from mlcore.api.queue import QueueView
from mlcore.api.runs import CancelRunView, PauseRunView, ResumeRunView, RetryRunView, RunsView, RunView
from mlcore.api.training import TrainingProgressView, TrainingsView

urlpatterns = [
    path("runs/", RunsView.as_view(), name="api-runs"),
    path("runs/<int:pk>/", RunView.as_view(), name="api-run"),
    path("runs/<int:pk>/cancel/", CancelRunView.as_view(), name="api-run-cancel"),
    path("runs/<int:pk>/pause/", PauseRunView.as_view(), name="api-run-pause"),
    path("runs/<int:pk>/resume/", ResumeRunView.as_view(), name="api-run-resume"),
    path("runs/<int:pk>/retry/", RetryRunView.as_view(), name="api-run-retry"),
    path("queue/", QueueView.as_view(), name="api-queue"),
    path("trainings/", TrainingsView.as_view(), name="api-trainings"),
    path("runs/<int:pk>/progress/", TrainingProgressView.as_view(), name="api-run-progress"),
    path("datasets/", DatasetsView.as_view(), name="api-datasets"),
    path("datasets/<int:pk>/", DatasetView.as_view(), name="api-dataset"),
    path("datasets/<int:pk>/frames/", DatasetFramesView.as_view(), name="api-dataset-frames"),
    path("datasets/<int:pk>/coco.json", DatasetCocoView.as_view(), name="api-dataset-coco"),
    path("synthesis/", SynthesisView.as_view(), name="api-synthesis"),
    path("models/", ModelsView.as_view(), name="api-models"),
    path("models/<int:pk>/", ModelView.as_view(), name="api-model"),
    path("models/<int:pk>/evaluate/", ModelEvaluateView.as_view(), name="api-model-evaluate"),
    path("models/<int:pk>/promotion/", ModelPromotionView.as_view(), name="api-model-promotion"),
    path("models/<int:pk>/shadow/", ModelShadowView.as_view(), name="api-model-shadow"),
    path("models/shipped/evaluate/", ShippedEvaluateView.as_view(), name="api-shipped-evaluate"),
    path("projects/<int:pk>/champion/", ChampionView.as_view(), name="api-champion"),
    path("projects/<int:pk>/next/", NextFramesView.as_view(), name="api-next-frames"),
]
