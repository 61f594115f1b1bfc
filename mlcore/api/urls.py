from django.urls import path

from mlcore.api.models import (
    ChampionView,
    ModelEvaluateView,
    ModelPromotionView,
    ModelsView,
    ModelView,
    ShippedEvaluateView,
)
from mlcore.api.runs import CancelRunView, RunsView, RunView

urlpatterns = [
    path("runs/", RunsView.as_view(), name="api-runs"),
    path("runs/<int:pk>/", RunView.as_view(), name="api-run"),
    path("runs/<int:pk>/cancel/", CancelRunView.as_view(), name="api-run-cancel"),
    path("models/", ModelsView.as_view(), name="api-models"),
    path("models/<int:pk>/", ModelView.as_view(), name="api-model"),
    path("models/<int:pk>/evaluate/", ModelEvaluateView.as_view(), name="api-model-evaluate"),
    path("models/<int:pk>/promotion/", ModelPromotionView.as_view(), name="api-model-promotion"),
    path("models/shipped/evaluate/", ShippedEvaluateView.as_view(), name="api-shipped-evaluate"),
    path("projects/<int:pk>/champion/", ChampionView.as_view(), name="api-champion"),
]
