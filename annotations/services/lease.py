"""Who works on a row: PostgreSQL's advisory lock, which the server itself gives back when a worker dies."""

from contextlib import contextmanager

from django.db import connection


@contextmanager
def lease(space, pk, *, shared=False):
    """Whether this process alone may work on row `pk`; ends with the block or with the process.

    `space` is the first half of the lock's key and tells one kind of row from another. With `shared` the
    process works beside others that share as well, and never beside one that is alone.
    """
    key, kind = [space, pk % 2**31], "_shared" if shared else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock{kind}(%s, %s)", key)
        is_ours = cursor.fetchone()[0]
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{kind}(%s, %s)", key)
