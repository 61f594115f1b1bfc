"""Loaded before Django is: real servers for the tests, in a throw-away directory, gone at the end.

`DATABASE_URL` and `REDIS_URL`, where set, are used instead: the same suite then runs on those. Of several
xdist workers each has its own database (pytest-django's doing) and its own Valkey, so that no worker's
tasks, cache or messages reach another's tests.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from etemweb.embedded import addresses, postgres, servers, valkey

PREFIX = "etem-test-"


def start_controller():
    clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)  # PostgreSQL may have to run as another user than root
    (folder / "owner").write_text(str(os.getpid()))
    os.environ["ETEM_DATA_DIR"] = str(folder)
    owner = os.getpid()
    # Not in a forked child, which inherits this.
    atexit.register(lambda: remove(folder) if os.getpid() == owner else None)
    if "DATABASE_URL" not in os.environ and "REDIS_URL" not in os.environ:
        servers.start(folder, durable=False)
    elif "DATABASE_URL" not in os.environ:
        postgres.start(folder, durable=False)
    elif "REDIS_URL" not in os.environ:
        valkey.start(folder, durable=False)


def start_worker(name: str):
    shared = Path(os.environ["ETEM_DATA_DIR"])
    os.environ.setdefault("DATABASE_URL", addresses.database_url(shared))
    own = shared / name
    own.mkdir(mode=0o711, exist_ok=True)
    os.environ["ETEM_DATA_DIR"] = str(own)
    if "REDIS_URL" not in os.environ:
        valkey.start(own, durable=False)


def remove(folder: Path):
    for place in [*folder.glob("gw*"), folder]:
        servers.stop(place, quickly=True)
        for link in place.iterdir():
            if link.is_symlink():  # kept elsewhere, where the servers' account could not enter
                shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(place, ignore_errors=True)


def clear_leftovers():
    """What a killed run could not clear: its servers would run for ever."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/owner"):
        try:
            os.kill(int(owner.read_text()), 0)
        except ProcessLookupError:
            remove(owner.parent)
        except (OSError, ValueError):
            pass  # somebody else's, or just being made


if "PYTEST_XDIST_WORKER" in os.environ:
    start_worker(os.environ["PYTEST_XDIST_WORKER"])
else:
    start_controller()
