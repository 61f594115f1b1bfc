"""Who works on a run: PostgreSQL's advisory lock, which the server itself gives back when a worker dies."""

from contextlib import contextmanager

from django.db import connection

LOCK_SPACE = 0x5255  # first half of the key, apart from that of imports; the second is the run's


@contextmanager
def lease(run_pk):
    """Whether this process alone may work on the run; ends with the block or with the process."""
    key = [LOCK_SPACE, run_pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        is_ours = cursor.fetchone()[0]
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
