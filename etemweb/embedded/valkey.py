"""A Valkey server (Redis's protocol) in a data directory, on a unix socket, with its append-only file."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from etemweb.embedded import account, addresses, reasons
from etemweb.embedded.errors import StartError
from etemweb.embedded.programs import valkey_program

START_LIMIT_S = 120


def start(data_dir: Path, *, durable: bool = True):
    """Start Valkey with its files in `data_dir/valkey`. Already running is fine."""
    who = account.servers_account()
    folder = account.place(data_dir / "valkey", who)
    address = addresses.make_socket_dir(data_dir, who) / addresses.VALKEY_SOCKET
    who.own(folder)
    if answers(address):
        return
    log = folder / "server.log"
    said_before = reasons.end_of(log)
    command = [valkey_program(who), "--port", "0", "--unixsocket", address, "--unixsocketperm", "700"]
    command += ["--dir", folder, "--appendonly", "yes" if durable else "no", "--save", ""]
    command += ["--maxmemory-policy", "noeviction", "--logfile", log, "--pidfile", folder / "pid"]
    # A tail cut off by a power failure is dropped rather than fatal.
    command += ["--aof-load-truncated", "yes", "--daemonize", "yes"]
    run = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    done = subprocess.run(command, **run, **who.run_as())
    limit = time.monotonic() + START_LIMIT_S
    while not answers(address):
        if done.returncode or time.monotonic() > limit or not _is_starting(folder):
            said = reasons.said_since(log, said_before)
            raise StartError(
                f"Valkey did not start: {reasons.why(said, folder=folder, log=log, user=who.name)}"
            )
        time.sleep(0.02)


def _is_starting(folder: Path, patience_s: float = 2) -> bool:
    """The parent of a daemon returns before the daemon has written its pid file."""
    limit = time.monotonic() + patience_s
    while time.monotonic() < limit:
        if _pid(folder):
            return True
        time.sleep(0.02)
    return False


def is_running(data_dir: Path) -> bool:
    return answers(addresses.socket_dir(data_dir) / addresses.VALKEY_SOCKET)


def answers(address: Path) -> bool:
    """Whether a server there is ready (not still loading its file)."""
    with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
        line.settimeout(5)
        line.connect(os.fspath(address))
        line.sendall(b"PING\r\n")
        return line.recv(64).startswith(b"+PONG")
    return False


def _pid(folder: Path) -> int | None:
    try:
        pid = int((folder / "pid").read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    return pid


def stop(data_dir: Path):
    """Stop; what was written is on the disk."""
    folder = (data_dir / "valkey").resolve()
    if not is_running(data_dir):
        return
    pid = _pid(folder)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    limit = time.monotonic() + 10
    while _pid(folder) == pid and time.monotonic() < limit:
        time.sleep(0.02)
