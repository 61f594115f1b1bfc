"""A PostgreSQL cluster in a data directory, on a unix socket that its owner and root alone can reach."""

import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from etemweb.embedded import account, addresses, reasons
from etemweb.embedded.errors import StartError
from etemweb.embedded.programs import postgres_programs

START_LIMIT_S = 300  # replaying the log after a power cut may take minutes
# The kernel says who is at the other end of a unix socket: nobody else is let in, whatever the permissions.
RULES = "local all etem peer map=etem\n"
SETTINGS = ["listen_addresses=", "log_checkpoints=off"]
THROW_AWAY = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]


def start(data_dir: Path, *, durable: bool = True):
    """Start the cluster in `data_dir/postgres`, made on first use. Already running is fine."""
    who = account.servers_account()
    cluster = account.place(data_dir / "postgres", who)
    sockets = addresses.make_socket_dir(data_dir, who)
    programs = postgres_programs(cluster, who)
    if not (cluster / "PG_VERSION").exists():
        _make(cluster, programs, who, durable)
    who.own(cluster)
    _write(cluster / "pg_hba.conf", RULES, who)
    _write(cluster / "pg_ident.conf", f"etem {pwd.getpwuid(os.geteuid()).pw_name} etem\n", who)
    if is_running(data_dir):
        return
    with suppress(FileNotFoundError):
        # Left by a killed server; its number may be somebody else's by now, which would keep ours out.
        (cluster / "postmaster.pid").unlink()
    settings = [*SETTINGS, f"unix_socket_directories={sockets}", *([] if durable else THROW_AWAY)]
    options = " ".join(f"-c '{setting}'" for setting in settings)
    log = cluster / "server.log"
    said_before = reasons.end_of(log)
    done = _run(
        [programs / "pg_ctl", "-D", cluster, "-w", "-t", str(START_LIMIT_S), "-l", log]
        + ["-o", options, "start"],
        who,
        output=subprocess.DEVNULL,  # a pipe would be inherited by the server and never end
    )
    if done.returncode:
        said = reasons.said_since(log, said_before)
        raise StartError(
            f"PostgreSQL did not start: {reasons.why(said, folder=cluster, log=log, user=who.name)}"
        )


def _make(cluster: Path, programs: Path, who: account.Account, durable: bool):
    """Made under another name first: a cluster under its own name is always whole."""
    unfinished = cluster.with_name(cluster.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    who.own(unfinished)
    made = _run(
        [programs / "initdb", "-D", unfinished, "-U", "etem", "-A", "peer", "-E", "UTF8"]
        + ["--locale=C.UTF-8", "--no-instructions", *([] if durable else ["--no-sync"])],
        who,
    )
    if not made.returncode:
        made = _run(
            [programs / "postgres", "--single", "-D", unfinished, "postgres"],
            who,
            input="CREATE DATABASE etem\n",
        )
    if made.returncode or "ERROR" in made.stderr:
        shutil.rmtree(unfinished, ignore_errors=True)
        why = reasons.why(made.stderr, folder=cluster.parent, log=cluster.parent, user=who.name)
        raise StartError(f"PostgreSQL could not make its database in {cluster}: {why}")
    if cluster.exists():
        cluster.rmdir()
    unfinished.rename(cluster)


def is_running(data_dir: Path) -> bool:
    """Whether the process named in the cluster's pid file lives and is this cluster's."""
    cluster = (data_dir / "postgres").resolve()
    pid = _pid(cluster)
    if pid is None:
        return False
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", cluster)
    except OSError:
        return not Path("/proc/self").exists() and _is_alive(pid)


def _pid(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def stop(data_dir: Path, *, quickly: bool = False):
    """Stop, with a last checkpoint unless `quickly`: then the log is replayed at the next start."""
    if not is_running(data_dir):
        return
    who = account.servers_account()
    cluster = (data_dir / "postgres").resolve()
    programs = postgres_programs(cluster, who)
    _run([programs / "pg_ctl", "-D", cluster, "-m", "immediate" if quickly else "fast", "-w", "stop"], who)


def _write(path: Path, text: str, who: account.Account):
    path.write_text(text)
    os.chown(path, who.uid, who.gid)


def _run(command, who, *, output=subprocess.PIPE, **more):
    more = more or {"stdin": subprocess.DEVNULL}
    return subprocess.run(command, stdout=output, stderr=output, text=True, **more, **who.run_as())
