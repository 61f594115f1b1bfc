from django.contrib import admin

from annotations.admin import ReadOnly
from mlcore.models import Prediction, Run


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "pk",
        "project",
        "engine",
        "status",
        "frames_done",
        "frames_total",
        "created_by",
        "created_at",
    ]
    list_filter = ["status", "engine"]
    list_select_related = ["project", "created_by"]


@admin.register(Prediction)
class PredictionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["run", "frame", "engine_version", "seconds", "created_at"]
    list_select_related = ["run", "frame__acquisition"]
