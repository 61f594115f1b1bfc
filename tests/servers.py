"""Loaded before Django is: real servers for the tests, in a throw-away directory, gone at the end.

`DATABASE_URL` and `REDIS_URL`, where set, are used instead: the same suite then runs against those.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from etemweb.embedded import servers


def _start():
    folder = Path(tempfile.mkdtemp(prefix="etem-test-"))
    folder.chmod(0o755)  # PostgreSQL may have to run as another user than root
    os.environ["ETEM_DATA_DIR"] = str(folder)
    owner = os.getpid()

    def stop():
        if os.getpid() == owner:
            servers.stop(folder)
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    if "DATABASE_URL" not in os.environ:
        servers.start_postgres(folder, durable=False)
    if "REDIS_URL" not in os.environ:
        servers.start_valkey(folder, durable=False)


if "PYTEST_XDIST_WORKER" not in os.environ:  # xdist's workers inherit the first process's directory
    _start()
