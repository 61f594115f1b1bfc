"""Whose turn it is: of what waits in one queue, the project that was served longest ago goes first."""

from datetime import UTC, datetime

from django.db.models import Max

from mlcore.models import WORKED_ON, Run

NEVER = datetime.min.replace(tzinfo=UTC)


def in_turn(run):
    """Keys of the runs that a message for `run` may be used for, in the order in which they are due.

    Searches are shared, so those under way are among them; of other work only what nobody has begun.
    """
    if run.is_urgent:
        return [run.pk]
    waiting = Run.objects.filter(is_urgent=False)
    if run.kind == Run.Kind.INFER:
        waiting = waiting.filter(kind=run.kind, status__in=WORKED_ON)
    else:
        waiting = waiting.exclude(kind=Run.Kind.INFER).filter(status=Run.Status.QUEUED)
    rows = list(waiting.order_by("created_at", "pk").values_list("pk", "project_id"))
    served = _served({project for _, project in rows}, is_search=run.kind == Run.Kind.INFER)
    return [pk for pk, project in sorted(rows, key=lambda row: served.get(row[1]) or NEVER)]


def _served(projects, *, is_search):
    """When each project last had a worker's turn, searches and other work apart."""
    runs = Run.objects.filter(project__in=projects, is_urgent=False)
    runs = runs.filter(kind=Run.Kind.INFER) if is_search else runs.exclude(kind=Run.Kind.INFER)
    return dict(runs.order_by().values_list("project_id").annotate(Max("served_at")))
