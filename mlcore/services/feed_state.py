"""Runs, in the numbers that the live feed compares."""

from django.db.models import Count

from annotations.services.feed_state import part
from mlcore.models import Run


@part
def runs(project_id):
    rows = Run.objects.filter(project=project_id).order_by()
    return sorted(rows.values_list("status").annotate(Count("pk")))
