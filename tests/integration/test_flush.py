"""Emptying the tables between tests, while a site under test still asks for rows."""

import re
import threading
import time

import pytest
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.management.sql import sql_flush
from django.db import connection, connections

from tests.factories import make_user


@pytest.mark.django_db(transaction=True)
def test_a_flush_that_meets_a_deadlock_is_done_again():
    make_user("olga")
    first, *_, last = re.findall(r'"(\w+)"', sql_flush(no_style(), connection, allow_cascade=False)[0])
    holds, waits = threading.Event(), threading.Event()
    ended = []

    def reader():
        # Has the table that is emptied last, and asks for the first when the flush has that and waits.
        with connections["default"].cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '30s'")  # so that the flush is the one that notices
            cursor.execute("BEGIN")
            cursor.execute(f'LOCK TABLE "{last}" IN SHARE MODE')
            holds.set()
            waits.wait(20)
            cursor.execute(f'SELECT count(*) FROM "{first}"')
            cursor.execute("COMMIT")
            cursor.execute("RESET deadlock_timeout")
        connections["default"].close()
        ended.append(True)

    thread = threading.Thread(target=reader)
    thread.start()
    holds.wait(20)

    def let_go():
        limit = time.monotonic() + 20
        while time.monotonic() < limit and not _flush_waits():
            time.sleep(0.02)
        waits.set()
        connections["default"].close()

    watcher = threading.Thread(target=let_go)
    watcher.start()
    call_command("flush", interactive=False, verbosity=0, allow_cascade=False)
    thread.join(40)
    watcher.join(40)
    assert ended == [True]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM annotations_user")
        assert cursor.fetchone() == (0,)


def _flush_waits():
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
