"""A search shared among workers: its frames in chunks, each taken by one worker, the run ended by one.

The rows say what is to do. A message is only leave to take a turn: whoever gets one takes the next open
chunk of the project that has waited longest, more while they are short, and sends the message on if the run
has more. So no run has more than MESSAGES under way, however many frames it is over. The locks of `lease.py`
say who lives: a chunk whose worker is gone is open again at once.
"""

from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from annotations.services.notify import push
from mlcore.models import WORKED_ON, Run, RunChunk
from mlcore.models.run import worker_name
from mlcore.services.lease import CHUNK_SPACE, chunk_lease
from mlcore.services.queues import queue_of
from mlcore.services.runs import frames_of, summary
from mlcore.tasks import send

CHUNK_FRAMES = 8  # a person waits for one frame, another project's batch for one chunk
MESSAGES = 16  # of one run under way: more workers than that at one run serve each other's projects first
ROWS_AT_ONCE = 1000
# The open chunks of a run that nobody holds; a lost worker's, having the lowest numbers, before new ones.
OPEN = """
    WITH held AS MATERIALIZED (
        SELECT objid::bigint AS pk FROM pg_locks
        WHERE locktype = 'advisory' AND classid = %s AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    SELECT {what} FROM mlcore_runchunk
    WHERE run_id = %s AND NOT is_done AND id %% 2147483648 NOT IN (SELECT pk FROM held)
"""


def begun(run_pk):
    """The run, its frames cut into chunks by whoever comes first; None if there is nothing to do."""
    run = Run.objects.select_related("project", "frame", "model_version").filter(pk=run_pk).first()
    if run is None or run.status not in WORKED_ON:
        return None
    if run.status == Run.Status.RUNNING and run.chunks.exists():
        return run
    return _begin(run_pk)


@transaction.atomic
def _begin(run_pk):
    locked = Run.objects.select_for_update(of=("self",)).get(pk=run_pk)
    if locked.status == Run.Status.QUEUED:
        run = Run.objects.claim(run_pk)
        if not run.chunks.exists():
            _cut(run)
        more = min(run.chunks.filter(is_done=False).count(), MESSAGES) - 1
        sent = (run.pk, run.dispatch, queue_of(run), more)
        transaction.on_commit(lambda: send(*sent))
        push(project_id=run.project_id, kind="run", payload=summary(run))
        return run
    if locked.status == Run.Status.RUNNING:  # somebody else was first
        if not locked.chunks.exists():
            _cut(locked)
        return Run.objects.select_related("project", "frame", "model_version").get(pk=run_pk)
    return None


def _cut(run):
    keys = list(frames_of(run).values_list("pk", flat=True))
    done = set(run.predictions.values_list("frame_id", flat=True))
    run.frames_total, run.frames_done = len(keys), len(done)
    run.save(update_fields=["frames_total", "frames_done"])
    left = [key for key in keys if key not in done]
    chunks = [
        RunChunk(run=run, number=number, frames=left[first : first + CHUNK_FRAMES])
        for number, first in enumerate(range(0, len(left), CHUNK_FRAMES))
    ]
    RunChunk.objects.bulk_create(chunks, batch_size=ROWS_AT_ONCE)


@contextmanager
def next_chunk(run):
    """The run's next open chunk, held until the block ends; None if others have all that is left."""
    while True:
        pk = _first_open(run.pk)
        if pk is None:
            yield None
            return
        with chunk_lease(pk) as is_ours:
            now, me = timezone.now(), worker_name()
            mine = RunChunk.objects.filter(pk=pk, is_done=False) if is_ours else RunChunk.objects.none()
            if mine.update(attempts=F("attempts") + 1, claimed_at=now, claimed_by=me):
                chunk = RunChunk.objects.get(pk=pk)
                lost = {"attempts": F("attempts") + 1} if chunk.attempts > 1 else {}
                Run.objects.filter(pk=run.pk).update(served_at=now, heartbeat_at=now, **lost)
                yield chunk
                return


def _first_open(run_pk):
    with connection.cursor() as cursor:
        cursor.execute(OPEN.format(what="id") + " ORDER BY number LIMIT 1", [CHUNK_SPACE, run_pk])
        row = cursor.fetchone()
    return row and row[0]


def n_open(run_pk):
    """How many chunks of a run nobody works on."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN.format(what="count(*)"), [CHUNK_SPACE, run_pk])
        return cursor.fetchone()[0]


def n_held(run_pk):
    """How many of a run's chunks are being searched right now."""
    return RunChunk.objects.filter(run=run_pk, is_done=False).count() - n_open(run_pk)


def close_chunk(chunk):
    RunChunk.objects.filter(pk=chunk.pk).update(is_done=True, done_at=timezone.now())


def give_back(chunk):
    """Let others have the rest of a chunk; its worker was not lost."""
    RunChunk.objects.filter(pk=chunk.pk, is_done=False).update(attempts=0, claimed_at=None, claimed_by="")
