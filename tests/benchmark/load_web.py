"""A web process that pages are asked of while two workers are kept busy, against the same without them."""

import itertools
import os
import signal
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

from etemweb.embedded.processes import FEW_ARENAS
from tests.real_site import running, wait_until

SECONDS, EVERY_S, ROUNDS = 15, 0.1, 2
N_FRAMES, SIDE_PX = 2_000, 1024
PAGES = ["/", "/projects/{project}/", "/frames/{frame}/", "/api/v1/frames/{frame}/tiles/0/0/0",
         "/api/v1/frames/{frame}/", "/projects/{project}/runs/"]  # fmt: skip


def rss_mb(pid):
    """Of a process and its children, what they share counted once."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total += int(line.split()[1]) / 1000
    return total


def peak_rss_mb(pid):
    return next(
        int(line.split()[1]) / 1000
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )


def discs(side=SIDE_PX, pitch=64, radius=12):
    y, x = np.mgrid[:side, :side] % pitch - pitch / 2
    noise = np.random.default_rng(3).normal(1000, 30, (side, side))
    return (noise - 400 * (np.hypot(x, y) < radius)).astype(np.uint16)


def prepared():
    """A project whose search keeps two workers busy for longer than this takes, and a token to ask with."""
    from annotations.services.api_tokens import create_token
    from annotations.services.pixels import tiles_path
    from tests.factories import make_acquisition, make_frame, make_project, make_user
    from tests.stored import make_stored_frame

    by = make_user("bench-web")
    project = make_project(by)
    first = make_stored_frame(make_acquisition(project), discs())
    for _ in range(N_FRAMES - 1):
        more = make_frame(make_acquisition(project), width_px=SIDE_PX, height_px=SIDE_PX, dtype="uint16")
        path = tiles_path(more)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(tiles_path(first), path)
    return by, project, first, create_token(user=by, name="bench")[1]


def session_of(by):
    from django.test import Client

    client = Client()
    client.force_login(by)
    return client.cookies["sessionid"].value


def ask_for(seconds, addresses, cookie):
    """Milliseconds of each answer, asked one every EVERY_S whether or not the last has come."""
    took, threads = [], []

    def ask(address):
        begun = time.perf_counter()
        asked = urllib.request.Request(address, headers={"Cookie": f"sessionid={cookie}"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            answer.read()
        took.append(1000 * (time.perf_counter() - begun))

    begun = time.perf_counter()
    for n, address in enumerate(itertools.cycle(addresses)):
        due = begun + n * EVERY_S
        if due > begun + seconds:
            break
        time.sleep(max(0.0, due - time.perf_counter()))
        thread = threading.Thread(target=ask, args=(address,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    return took


def cpu_s(pids):
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except FileNotFoundError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def measure(folder):
    """Milliseconds idle and busy, the web process's memory, and how many cores the workers used meanwhile."""
    from etemweb.celery import app
    from mlcore.models import Run
    from mlcore.services.runs import start_inference

    by, project, frame, _ = prepared()
    cookie = session_of(by)
    app.control.purge()
    idle, busy, cores, loads = [], [], [], []
    with running(folder, ETEM_DB_POOL="12", **FEW_ARENAS) as site:
        url = site.web()
        web = site.processes[0].pid
        addresses = [url + page.format(project=project.pk, frame=frame.pk) for page in PAGES]
        ask_for(5, addresses, cookie)  # warm
        for _ in range(ROUNDS):
            idle += ask_for(SECONDS, addresses, cookie)
            loads.append(os.getloadavg()[0])
            site.worker("-c", "2", "-l", "ERROR")
            worker = site.processes[-1]
            run = start_inference(by=by, project=project)
            wait_until(lambda pk=run.pk: Run.objects.get(pk=pk).frames_done > 2)
            used, begun = cpu_s(children(worker.pid)), time.perf_counter()
            busy += ask_for(SECONDS, addresses, cookie)
            cores.append((cpu_s(children(worker.pid)) - used) / (time.perf_counter() - begun))
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            app.control.purge()
            Run.objects.filter(pk=run.pk).update(status="cancelled")
        memory = rss_mb(web), peak_rss_mb(web)
    return idle, busy, memory, cores, loads
