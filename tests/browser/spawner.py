"""`python -m tests.browser.spawner`: web servers and workers at once, to be killed as often.

All is imported once; each server is a fork of this process, leads a process group of its own, and binds its
socket itself, so that there is nobody to connect to while it is dead. Lines on standard input: “web PORT” and
“worker” start one, answered by its process id; “kill ID” answers when it is gone with all its children. The
end of the input, however it comes about, ends all.
"""

import contextlib
import os
import signal
import sys


def serve(port):
    import uvicorn

    from etemweb.asgi import application

    uvicorn.run(application, port=port, lifespan="off", log_level="critical")


def work():
    from etemweb.celery import app

    command = "--quiet worker -Q now,io,cpu -c 1 -l CRITICAL --without-gossip --without-mingle"
    app.worker_main(command.split())


def warm_up():
    import uvicorn.protocols.http.auto
    import uvicorn.protocols.websockets.auto  # noqa: F401
    from django.urls import get_resolver

    import etemweb.asgi
    import etemweb.celery

    get_resolver().url_patterns  # noqa: B018  (imports every view)
    etemweb.celery.app.loader.import_default_modules()


def fork(run, *arguments):
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        run(*arguments)
    finally:
        os._exit(1)


def kill(child):
    with contextlib.suppress(ProcessLookupError):  # it died before it led its group
        os.killpg(child, signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return child


def main():
    warm_up()
    print("ready", flush=True)
    running = set()
    for line in sys.stdin:
        verb, *rest = line.split()
        if verb == "kill":
            child = kill(int(rest[0]))
            running.remove(child)
        else:
            child = fork(serve, int(rest[0])) if verb == "web" else fork(work)
            running.add(child)
        print(child, flush=True)
    for child in running:
        kill(child)


if __name__ == "__main__":
    main()
