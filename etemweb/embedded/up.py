"""`./etem up`: the servers, the web processes and the workers, kept running until Ctrl-C."""

import argparse
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from etemweb.embedded import data_dir, postgres, servers, valkey
from etemweb.embedded.errors import StartError
from etemweb.embedded.processes import BASE_DIR, Child, stop_all

HOST = "127.0.0.1"
FIRST_PAGE = "/accounts/login/"
FIRST_PAGE_LIMIT_S = 120  # a release may bring a long migration
OLD_RUN_PATIENCE_S = 12  # how long the children of a killed supervisor may take to notice
HEARTBEAT_S = 0.5


def arguments(argv=None):
    parser = argparse.ArgumentParser(prog="./etem up", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="where to listen on 127.0.0.1 (default 8000)")
    parser.add_argument("--data", type=Path, help="where everything is kept (default: data/ in the clone)")
    chosen = parser.parse_args(argv)
    if not 1 <= chosen.port <= 65535:
        parser.error(f"--port must be 1 to 65535, got {chosen.port}.")
    return chosen


def say(text: str):
    print(text, flush=True)


def listen(port: int, patience_s: float) -> socket.socket:
    """The web processes' socket, held here: requests wait while a crashed one is started again."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    limit = time.monotonic() + patience_s
    while True:
        try:
            listening.bind((HOST, port))
            break
        except PermissionError:
            raise StartError(f"Port {port} is for root alone: choose one above 1023 with --port N.") from None
        except OSError:
            if time.monotonic() > limit:
                raise StartError(
                    f"Port {port} is taken by another program: choose another with --port N."
                ) from None
            time.sleep(0.2)
    listening.listen(128)
    return listening


class Site:
    def __init__(self, port: int, folder: Path):
        self.port, self.folder, self.stopping = port, folder, threading.Event()
        self.is_embedded = {"DATABASE_URL": postgres, "REDIS_URL": valkey}
        self.embedded = [server for name, server in self.is_embedded.items() if not os.environ.get(name)]
        self.children, self.installing = [], None

    def start(self):
        """Everything up to the first page; imports, servers and migrations side by side."""
        begun = time.monotonic()
        self.lock = data_dir.Lock(data_dir.prepare(self.folder))
        had_run = (self.folder / "secret_key").exists()
        self.listening = listen(self.port, OLD_RUN_PATIENCE_S if had_run else 0)
        self.lock.say(f"process {os.getpid()}, http://{HOST}:{self.port}/")
        os.environ["ETEM_DATA_DIR"] = str(self.folder)
        say("Starting ..." if had_run else "First start: making the database ...")
        logs, fd = self.folder / "log", self.listening.fileno()
        more = range(2, 1 + int(os.environ.get("ETEM_WEB_PROCESSES") or 1))
        self.web = [
            Child("web", ["web", str(fd), "prepare"], logs / "web.log", pass_fds=[fd]),
            *(Child(f"web {n}", ["web", str(fd)], logs / f"web-{n}.log", pass_fds=[fd]) for n in more),
        ]
        self.workers = [
            Child("worker", ["worker"], logs / "worker.log"),
            Child("runs", ["worker", "runs"], logs / "runs.log"),
        ]
        self.children = [*self.web, *self.workers]
        self.web[0].start()
        servers.start(self.folder, wanted=self.embedded)
        self.web[0].go()
        self._await_first_page()
        if self.stopping.is_set():
            return
        for child in self.children[1:]:  # only now: two imports at once would delay the first page
            child.start()
            child.go()
        took_s = time.monotonic() - begun
        say(f"etemweb is at http://{HOST}:{self.port}/ (after {took_s:.1f} s). Ctrl-C stops it.")
        logins = self.folder / "demo-logins.txt"
        if logins.exists():
            say(logins.read_text().rstrip())

    def _await_first_page(self):
        limit = time.monotonic() + FIRST_PAGE_LIMIT_S
        while not self.stopping.is_set():
            if self.web[0].process.poll() is not None:
                raise StartError(f"The web server {self.web[0].ending()}. {self.web[0].last_line()}")
            line = http.client.HTTPConnection(HOST, self.port, timeout=FIRST_PAGE_LIMIT_S)
            try:
                line.request("GET", FIRST_PAGE, headers={"Host": "localhost"})
                status = line.getresponse().status
                if status >= 500:
                    raise StartError(f"The first page answered {status}. {self.web[0].last_line()}")
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > limit:
                    raise StartError(
                        f"No page after {FIRST_PAGE_LIMIT_S} s. {self.web[0].last_line()}"
                    ) from None
                time.sleep(0.05)
            finally:
                line.close()

    def _install_rest(self):
        """The networks' libraries are most of the packages, and no page needs them: they come last."""
        command = [BASE_DIR / "etem", "setup", "runtime"]
        self.installing = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def keep_running(self):
        pauses = {}
        if not self.stopping.is_set():
            self._install_rest()
        while not self.stopping.wait(HEARTBEAT_S):
            for child in self.children:
                if sentence := child.check():
                    say(sentence)
            for server in self.embedded:
                self._check_server(server, pauses)
            if self.installing and self.installing.poll() is not None:
                if self.installing.returncode:
                    say("Everything works but the networks' engines; the next ./etem up tries again.")
                self.installing = None

    def _check_server(self, server, pauses):
        if server.is_running(self.folder) or time.monotonic() < pauses.get(server, 0):
            return
        name = server.__name__.rpartition(".")[2]
        say(f"{name}: not running; starting it again.")
        try:
            server.start(self.folder)
            say(f"{name}: started again.")
        except (StartError, OSError) as error:
            pauses[server] = time.monotonic() + 15
            say(f"{error} Trying again in 15 s.")

    def stop(self):
        if self.installing:
            with suppress(ProcessLookupError):
                os.killpg(self.installing.pid, signal.SIGTERM)
        stop_all(self.children)
        for server in self.embedded:
            server.stop(self.folder)


def unusable(error: OSError, folder: Path) -> str:
    remedy = (
        "make room on its disk" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "make it writable for you"
    )
    return (
        f"{error.filename or folder} cannot be used ({error.strerror or error}): {remedy}, "
        "or name another folder with --data DIR."
    )


def main(argv=None) -> int:
    chosen = arguments(argv)
    folder = (
        (chosen.data or Path(os.environ.get("ETEM_DATA_DIR") or BASE_DIR / "data")).expanduser().resolve()
    )
    site = Site(chosen.port, folder)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: site.stopping.set())  # a second one changes nothing
    try:
        site.start()
        site.keep_running()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(unusable(error, folder), file=sys.stderr)
        return 1
    finally:
        if site.children:
            say("Stopping ...")
            site.stop()
            say("Stopped; everything is kept in " + str(folder) + ".")
    return 0


if __name__ == "__main__":
    sys.exit(main())
