"""What the supervisor starts: `python -m etemweb.embedded.child web FD [prepare]` or `... worker [runs]`.

Standard input is a line to the supervisor: “go” is said on it once, and its end means that the supervisor is
gone, however it died; then the child ends too, so that nothing is left running on its own.
"""

import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
import traceback

GRACE_S = 4
LOAD_THE_REST_AFTER_S = 3  # the first page comes first
THE_REST = ["scipy.ndimage", "scipy.spatial", "skimage.draw", "skimage.measure", "analysis.figures.shape"]


def await_go() -> bool:
    return os.read(0, 3) == b"go\n"


def follow_supervisor():
    threading.Thread(target=_end_with_supervisor, daemon=True).start()


def _end_with_supervisor():
    while os.read(0, 64):
        pass
    for sign in (signal.SIGTERM, signal.SIGQUIT):
        os.kill(os.getpid(), sign)
        time.sleep(GRACE_S)
    os.killpg(os.getpgid(0), signal.SIGKILL)  # our own group: the supervisor made us its leader


def web(socket_fd: int, prepares: bool):
    """Serve on a socket that is listening already; imports are done while the database comes up."""
    gc.disable()  # nothing that is imported is ever garbage: a tenth of the time
    from etemweb.asgi import application

    preparing = prepare_beside() if prepares else None
    import uvicorn
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018  (imports every view now rather than at the first request)
    gc.freeze()
    gc.enable()
    if preparing:
        _, status = os.waitpid(preparing, 0)
        if status:
            sys.exit(os.waitstatus_to_exitcode(status))  # its last words are in the log
    elif not await_go():
        return
    follow_supervisor()
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,  # the application's own
        timeout_graceful_shutdown=GRACE_S - 1,
        proxy_headers=False,  # the application believes the proxies of ETEM_PROXY, and nobody else
    )
    loading = threading.Timer(LOAD_THE_REST_AFTER_S, load_the_rest)
    loading.daemon = True
    loading.start()
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=socket_fd)])


def prepare_beside() -> int:
    """Bring the database up to date in a copy of this process, while this one imports the views."""
    from etemweb.prepare import prepare  # needs Django set up, which importing the application did

    preparing = os.fork()
    if preparing:
        return preparing
    try:
        if await_go():
            prepare(with_demo=True)
            os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(1)


def load_the_rest():
    """What few pages need and what takes long to import: ready before the first of them is asked for."""
    for name in THE_REST:
        importlib.import_module(name)


def worker(does_runs: bool):
    """Imports and all that is short, or runs: a training of hours holds up no import."""
    from celery.__main__ import main

    if not await_go():
        return
    follow_supervisor()
    processes = os.environ.get("ETEM_WORKER_PROCESSES") or str(max(2, os.cpu_count() or 1))
    name, queues = ("runs", "now,gpu,cpu") if does_runs else ("worker", "now,io")
    sys.argv = ["celery", "--quiet", "-A", "etemweb", "worker", "-Q", queues, "-n", f"{name}@%h"]
    sys.argv += ["--concurrency", processes]
    # Neither gossip nor mingling: nobody else is here, and each costs a second at the start.
    sys.argv += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    if not does_runs:
        # The clock for what is done again and again; its state is a convenience and may be lost.
        sys.argv += ["--beat", "--schedule", os.path.join(os.environ["ETEM_DATA_DIR"], "log", "beat")]
    main()


if __name__ == "__main__":
    if sys.argv[1] == "web":
        web(int(sys.argv[2]), prepares="prepare" in sys.argv[3:])
    else:
        worker(does_runs="runs" in sys.argv[2:])
