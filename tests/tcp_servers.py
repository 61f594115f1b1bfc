"""Debian's PostgreSQL and Redis on loopback TCP with passwords: the way in that production uses."""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.installing import SkippedStageError, StageError, apt_install

START_LIMIT_S = 30


def _postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _ensure():
    missing = [
        package
        for package, found in (
            ("postgresql", _postgres_programs()),
            ("redis-server", shutil.which("redis-server")),
        )
        if not found
    ]
    if missing and not apt_install(*missing):
        why = f"Not installed, and could not be: apt-get install {' '.join(missing)}."
        if os.environ.get("CI"):
            raise StageError(why)
        raise SkippedStageError(f"NOT TESTED against servers over TCP. {why}")


def _account() -> dict:
    """PostgreSQL refuses root: Debian's own account for it, else nobody."""
    if os.geteuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def tcp_servers():
    """Throw-away servers; gives the environment that points the site at them."""
    _ensure()
    password, account = secrets.token_hex(12), _account()
    with tempfile.TemporaryDirectory(prefix="etem-tcp-") as folder:
        if account:
            os.chown(folder, account["user"], account["group"])
        with (
            _postgres(Path(folder), password, account) as database_url,
            _redis(password) as redis_url,
        ):
            yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


@contextlib.contextmanager
def _postgres(folder: Path, password: str, account: dict):
    programs, cluster, port = _postgres_programs(), folder / "cluster", _free_port()
    pass_file = folder / "password"
    pass_file.write_text(password)
    if account:
        os.chown(pass_file, account["user"], account["group"])
    run = {"cwd": "/", "check": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **account}
    subprocess.run(
        [programs / "initdb", "-D", cluster, "-U", "etem", "-A", "scram-sha-256", "--pwfile", pass_file]
        + ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        **run,
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
    options += "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    control = [programs / "pg_ctl", "-D", cluster, "-w"]
    subprocess.run([*control, "-l", cluster / "log", "-o", options, "start"], **run)
    try:
        yield f"postgresql://etem:{password}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)


@contextlib.contextmanager
def _redis(password: str):
    port = _free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password]
    server = subprocess.Popen(
        [*command, "--save", "", "--appendonly", "no"], cwd="/", stdout=subprocess.DEVNULL
    )
    limit = time.monotonic() + START_LIMIT_S
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if time.monotonic() > limit or server.poll() is not None:
                raise StageError("Debian's redis-server did not start on a free port.")
            time.sleep(0.05)
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()
