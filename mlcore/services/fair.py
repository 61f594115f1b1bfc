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


def place_in_line(run):
    """How many runs are due before a waiting one, as things stand; None if it does not wait.

    Projects take turns, so that of another project at most as many are before it as its own has.
    """
    if run.status != Run.Status.QUEUED:
        return None
    if run.is_urgent:
        return Run.objects.filter(is_urgent=True, status=Run.Status.QUEUED, pk__lt=run.pk).count()
    line = _with_turns(run)
    return line.index(run.pk) if run.pk in line else 0


def _with_turns(run):
    """Keys of waiting runs in the order in which they will be begun: a round a project."""
    waiting = set(Run.objects.filter(status=Run.Status.QUEUED).values_list("pk", flat=True))
    due = [pk for pk in in_turn(run) if pk in waiting]
    projects = dict(Run.objects.filter(pk__in=due).values_list("pk", "project_id"))
    rounds, line = {}, []
    for position, pk in enumerate(due):
        project = projects.get(pk)
        rounds[project] = rounds.get(project, -1) + 1
        line.append((rounds[project], position, pk))
    return [pk for *_, pk in sorted(line)]
