"""The embedded servers where it is hard: folders nobody may enter, other users, killed servers."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from etemweb.embedded import account, addresses, data_dir, postgres, servers, valkey
from etemweb.embedded.errors import StartError
from etemweb.embedded.programs import postgres_programs

pytestmark = pytest.mark.launcher
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as somebody else")


@pytest.fixture
def private(tmp_path, monkeypatch):
    """A folder that only we may enter, as pytest's own; what lies elsewhere for it is cleared."""
    home = Path(tempfile.mkdtemp(dir="/var/tmp"))
    home.chmod(0o755)
    monkeypatch.setattr(account, "HOME", home)
    tmp_path.chmod(0o700)
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    servers.stop(folder, quickly=True)
    shutil.rmtree(home)


def who_am_i(folder):
    with psycopg.connect(addresses.database_url(folder)) as connection:
        return connection.execute("SELECT current_user, current_database()").fetchone()


def test_they_start_in_a_private_folder_and_keep_what_was_written(private):
    servers.start(private, durable=False)
    assert who_am_i(private) == ("etem", "etem")
    assert valkey.is_running(private)
    with psycopg.connect(addresses.database_url(private)) as connection:
        connection.execute("CREATE TABLE kept ()")
    servers.stop(private)
    assert not postgres.is_running(private)
    servers.start(private, durable=False)
    with psycopg.connect(addresses.database_url(private)) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == ("kept",)


def test_starting_what_runs_changes_nothing(private):
    servers.start(private, durable=False)
    pid = (private / "postgres/postmaster.pid").read_text().split()[0]
    servers.start(private, durable=False)
    assert (private / "postgres/postmaster.pid").read_text().split()[0] == pid


def test_a_killed_cluster_starts_again_even_if_its_number_is_taken(private):
    servers.start(private, durable=False)
    pid_file = private / "postgres/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    servers.stop(private, quickly=True)
    # As after a power cut, when the number in the file has become another living process's.
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not postgres.is_running(private)
    postgres.start(private, durable=False)
    assert who_am_i(private) == ("etem", "etem")


def test_a_cluster_half_made_is_made_anew(private):
    servers.start(private, durable=False)
    servers.stop(private)
    cluster = (private / "postgres").resolve()
    (cluster / "PG_VERSION").rename(cluster.with_name("postgres.new"))
    shutil.rmtree(cluster)
    cluster.with_name("postgres.new").unlink()
    cluster.with_name("postgres.new").mkdir()
    postgres.start(private, durable=False)
    assert who_am_i(private) == ("etem", "etem")


def test_a_damaged_cluster_is_one_sentence_with_the_remedy(private):
    servers.start(private, durable=False)
    servers.stop(private)
    log = private / "postgres/pg_wal"
    log.rename(log.with_name("elsewhere"))
    with pytest.raises(
        StartError, match=r"“?pg_wal.* does not exist; its files are damaged.* backup"
    ) as told:
        postgres.start(private, durable=False)
    assert len(str(told.value).splitlines()) == 1


@as_root
def test_another_user_can_reach_neither_server(private):
    servers.start(private, durable=False)
    sockets = (private / "run").resolve()
    daemon = pwd.getpwnam("daemon")
    seen = subprocess.run(
        ["ls", sockets], user=daemon.pw_uid, group=daemon.pw_gid, extra_groups=[], capture_output=True
    )
    assert seen.returncode != 0
    # The account that runs PostgreSQL passes the folder, and is turned away by name.
    who = account.servers_account()
    programs = postgres_programs(private / "postgres", who)
    refused = subprocess.run(
        [programs / "psql", "-h", sockets, "-U", "etem", "-c", "SELECT 1", "etem"],
        capture_output=True, text=True, **who.run_as(),
    )  # fmt: skip
    assert "Peer authentication failed" in refused.stderr


@as_root
def test_programs_out_of_reach_are_copied_with_their_libraries(private, tmp_path):
    package = tmp_path / "site/wheel"
    (package / "bin").mkdir(parents=True)
    (package / "bin/server").write_text("x")
    package.with_name("wheel.libs").mkdir()
    nobody = account.servers_account()
    copied = account.reachable_copy(package, "1.0", nobody)
    assert copied == account.HOME / "wheel-1.0/wheel"
    assert (copied.with_name("wheel.libs")).is_dir()
    assert nobody.can_enter(copied / "bin")
    assert account.reachable_copy(package, "1.0", nobody) == copied


def test_sockets_of_a_long_path_lie_in_a_short_one_that_is_ours(tmp_path):
    long = tmp_path / ("x" * 90)
    folder = addresses.make_socket_dir(long, account.servers_account())
    try:
        assert len(os.fsencode(folder / ".s.PGSQL.5432")) <= addresses.SOCKET_PATH_LIMIT
        assert folder.stat().st_mode & 0o077 == 0
    finally:
        folder.rmdir()


def test_a_folder_in_use_is_told_from_a_free_one(tmp_path):
    lock = data_dir.Lock(data_dir.prepare(tmp_path / "data"))
    lock.say("process 7")
    with pytest.raises(StartError, match=r"process 7.*--data"):
        data_dir.Lock(tmp_path / "data")
    os.close(lock.file)
    os.close(data_dir.Lock(tmp_path / "data").file)


def test_a_full_disk_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(data_dir, "FREE_MIN_BYTES", 10**18)
    with pytest.raises(StartError, match="make room"):
        data_dir.prepare(tmp_path / "data")


def test_a_child_ends_with_its_supervisor(tmp_path):
    """The line between them is standard input: its end is the supervisor's."""
    code = "from etemweb.embedded import child; assert child.await_go(); child.follow_supervisor(); "
    process = subprocess.Popen(
        [os.sys.executable, "-c", code + "child.time.sleep(60)"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    process.stdin.write(b"go\n")
    process.stdin.flush()
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(20) == -signal.SIGTERM
