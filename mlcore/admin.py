from django.contrib import admin

from annotations.admin import ReadOnly
from mlcore.models import (
    ComparedFrame,
    Dataset,
    DatasetFrame,
    Evaluation,
    ModelVersion,
    Prediction,
    Promotion,
    Run,
    RunChunk,
    RunLine,
    RunPoint,
    RunSample,
)


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


@admin.register(Dataset)
class DatasetAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["pk", "project", "name", "version", "status", "n_frames", "sha256", "created_at"]
    list_filter = ["status"]
    list_select_related = ["project"]


@admin.register(DatasetFrame)
class DatasetFrameAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["dataset", "name", "split", "specimen", "n_particles"]
    list_filter = ["split"]
    list_select_related = ["dataset"]


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["pk", "project", "number", "title", "sha256", "created_at"]
    list_select_related = ["project"]


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["pk", "model_version", "shipped_version", "dataset", "split", "created_at"]
    list_select_related = ["model_version", "dataset"]


@admin.register(Promotion)
class PromotionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["project", "number", "model_version", "is_rollback", "by", "at"]
    list_select_related = ["project", "model_version", "by"]


@admin.register(ComparedFrame)
class ComparedFrameAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["run", "frame", "n_first", "n_second", "n_both", "agreement"]
    list_select_related = ["run", "frame__acquisition"]


@admin.register(RunChunk)
class RunChunkAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["run", "number", "is_done", "attempts", "claimed_by", "done_at"]
    list_filter = ["is_done"]
    list_select_related = ["run"]


@admin.register(RunPoint)
class RunPointAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["run", "step", "series", "values", "at"]
    list_select_related = ["run"]


@admin.register(RunSample)
class RunSampleAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["run", "step", "name"]
    list_select_related = ["run"]


@admin.register(RunLine)
class RunLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["run", "at", "level", "text"]
    list_select_related = ["run"]
