"""What bench_runs.py measures: `python -m tests.benchmark.run_kills`, on the servers of ETEM_DATA_DIR.

The last line of its output holds the figures as JSON.
"""

import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import django
import numpy as np

FRAMES, KILLS, BARE_FRAMES, ROUNDS, SEED = 1000, 20, 60, 3, 20_261_123
LIMIT_S = 900
VICTIMS = ["worker 1", "worker 2", "broker"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def wait_for(condition, limit_s=LIMIT_S, pause_s=0.02):
    limit = time.monotonic() + limit_s
    while not (found := condition()):
        if time.monotonic() > limit:
            raise TimeoutError(f"not within {limit_s} s")
        time.sleep(pause_s)
    return found


def die_with_parent():
    from mlcore.services.fresh import die_with_parent

    return die_with_parent()


class Worker:
    def __init__(self, name, folder):
        self.command = [
            sys.executable,
            "-m",
            "celery",
            "--quiet",
            "-A",
            "etemweb",
            "worker",
            "-Q",
            "now,io,cpu",
        ]
        self.command += ["-c", "1", "-n", f"{name.replace(' ', '')}@%h", "-l", "CRITICAL"]
        self.command += ["--without-gossip", "--without-mingle", "--beat", "--schedule", str(folder / name)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=die_with_parent())

    def kill(self):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def make_project(frames, side=96):
    """A project with that many tiny images, some discs on each."""
    from annotations.display import tiles
    from annotations.services.pixels import tiles_path
    from tests import factories, phantoms

    owner = factories.make_user(f"owner-{time.monotonic_ns()}")
    project = factories.make_project(owner, name=f"Bench {frames}")
    acquisition = factories.make_acquisition(project, uploaded_by=owner)
    image = (phantoms.micrograph(side, [(30, 30, 16), (66, 60, 18)]) * 1000).astype(np.uint16)
    for index in range(frames):
        frame = factories.make_frame(acquisition, index=index, width_px=side, height_px=side, dtype="uint16")
        tiles_path(frame).parent.mkdir(parents=True, exist_ok=True)
        tiles.write_tiles(image, tiles_path(frame))
    return owner, project


def clicks(worker):
    """Seconds from the start of a run of one image to its first progress: in a new child, and again."""
    from annotations.models import Frame
    from mlcore.models import Run
    from mlcore.services.runs import start_inference

    owner, project = make_project(2, side=256)
    wait_for(lambda: worker_is_ready())
    time.sleep(5)  # idle
    took = []
    for frame in Frame.objects.filter(acquisition__project=project):
        begun = time.monotonic()
        run = start_inference(by=owner, project=project, frame=frame)
        wait_for(lambda run=run: Run.objects.get(pk=run.pk).frames_done)
        took.append(time.monotonic() - begun)
    return took


def worker_is_ready():
    from etemweb.workers import seen

    return seen()


def start_in_chunks(n, of=1):
    from django.db import transaction

    from mlcore.services import chunks
    from mlcore.services.runs import start_inference

    owner, project = make_project(n)
    chunks.CHUNK_FRAMES = of
    with transaction.atomic():  # cut here, before a worker hears of it
        run = start_inference(by=owner, project=project, engine="classical")
        run = chunks.begun(run.pk)
    return owner, project, run


class Feed:
    """A second browser: a WebSocket to a web server, and when it was told of each frame."""

    def __init__(self, user, project):
        from django.test import Client

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "uvicorn", "etemweb.asgi:application", "--port", str(self.port)]
        command += ["--log-level", "error"]
        self.server = subprocess.Popen(command, start_new_session=True, preexec_fn=die_with_parent())
        client = Client()
        client.force_login(user)
        self.cookie = f"sessionid={client.cookies['sessionid'].value}"
        self.told, self.url = {}, f"ws://127.0.0.1:{self.port}/ws/projects/{project.pk}/"
        wait_for(self._connect, 60, 0.2)
        threading.Thread(target=self._listen, daemon=True).start()

    def _connect(self):
        from websockets.sync.client import connect

        try:
            self.line = connect(
                self.url, additional_headers={"Cookie": self.cookie},
                origin=f"http://127.0.0.1:{self.port}",
            )  # fmt: skip
        except (OSError, TimeoutError):
            return False
        return True

    def _listen(self):
        with suppress(Exception):
            for text in self.line:
                message = json.loads(text)
                if message.get("type") == "layer":
                    self.told[message["frame"]] = time.time()

    def stop(self):
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()


def between_images(run):
    """Median milliseconds from one image's result to the next one's; the first ones warm up."""
    from mlcore.models import Prediction, Run

    wait_for(lambda: Run.objects.get(pk=run.pk).is_finished)
    at = sorted(Prediction.objects.filter(run=run).values_list("created_at", flat=True))[10:]
    return 1000 * statistics.median((late - soon).total_seconds() for soon, late in pairwise(at))


def chunk_by_chunk():
    """Milliseconds an image in one chunk of all, and in chunks of one; how late another browser was told.

    Both in the same worker: medians of rounds that alternate, as the machine may be busy.
    """
    from mlcore.models import Prediction

    bare, chunked, late = [], [], []
    for _ in range(ROUNDS):
        bare.append(between_images(start_in_chunks(BARE_FRAMES, of=BARE_FRAMES)[2]))
        owner, project, run = start_in_chunks(BARE_FRAMES)
        feed = Feed(owner, project)
        chunked.append(between_images(run))
        time.sleep(1)
        feed.stop()
        rows = Prediction.objects.filter(run=run, frame__in=feed.told).values_list("frame_id", "created_at")
        late += [feed.told[frame] - at.timestamp() for frame, at in rows]
    return statistics.median(bare), statistics.median(chunked), late


def under_fire(workers, folder):
    """1,000 images in as many chunks while the workers and the broker are killed."""
    from etemweb.embedded import valkey
    from mlcore.models import Prediction, Run, RunChunk

    rng = random.Random(SEED)
    _, _, run = start_in_chunks(FRAMES)
    marks = sorted(rng.sample(range(20, FRAMES - 60), KILLS))
    victims = [VICTIMS[k % 3] for k in range(KILLS)]
    rng.shuffle(victims)
    recovery, broker, open_since, kills = [], [], {}, dict.fromkeys(VICTIMS, 0)

    def look():
        """What came back since: chunks whose worker was killed, and the first after a broker's kill."""
        for pk in list(open_since):
            if RunChunk.objects.filter(pk=pk, is_done=True).exists():
                recovery.append(time.monotonic() - open_since.pop(pk))
        return Run.objects.values_list("frames_done", "status").get(pk=run.pk)

    def reached(mark):
        done, status = look()
        return done >= mark or status not in {"running", "queued"}

    for mark, victim in zip(marks, victims, strict=True):
        wait_for(lambda mark=mark: reached(mark))
        time.sleep(rng.random() * 0.05)
        held = RunChunk.objects.filter(run=run, is_done=False, claimed_at__isnull=False)
        if victim == "broker":
            begun = time.monotonic()
            os.kill(valkey._pid((folder / "valkey").resolve()), signal.SIGKILL)
            done = Prediction.objects.filter(run=run).count()
            time.sleep(0.5)  # a supervisor notices within that
            valkey.start(folder)
            wait_for(lambda done=done: Prediction.objects.filter(run=run).count() > done + 2)
            broker.append(time.monotonic() - begun)
        else:
            worker = workers[VICTIMS.index(victim)]
            worker.kill()
            # Of two chunks in work one is the other worker's; it counts as well, and is done at once.
            open_since.update(dict.fromkeys(held.values_list("pk", flat=True), time.monotonic()))
            worker.start()
        kills[victim] += 1
        say(f"{sum(kills.values())} kills, {look()[0]} images")
    wait_for(lambda: look()[1] not in {"running", "queued"} and not open_since)
    run.refresh_from_db()
    say(f"{run.status}: {run.message or 'no remark'}; {run.attempts} attempts")
    found = Prediction.objects.filter(run=run, was_searched=True)
    n_results, n_frames = found.count(), found.values("frame").distinct().count()
    layers = run.project.acquisitions.get().frames.filter(layers__kind="suggestion").count()
    return {
        "frames": FRAMES, "lost": FRAMES - n_frames, "duplicated": max(n_results, layers) - n_frames,
        "kills": kills, "recovery_s": [statistics.median(recovery), max(recovery)],
        "broker_s": max(broker),
    }  # fmt: skip


def main():
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    folder = Path(settings.DATA_DIR)
    call_command("migrate", verbosity=0)
    workers = [Worker("worker 1", folder)]
    try:
        first, second = clicks(workers[0])
        say(f"click to progress {first:.2f} s, then {second:.2f} s")
        bare, chunk, late = chunk_by_chunk()
        say(f"bare {bare:.1f} ms, chunk {chunk:.1f} ms, told after {max(late):.3f} s at worst")
        workers.append(Worker("worker 2", folder))
        found = under_fire(workers, folder)
    finally:
        for worker in workers:
            worker.kill()
    found |= {"bare_ms": bare, "overhead_ms": chunk - bare, "click_s": first, "second_click_s": second}
    print(json.dumps(found | {"feed_s": max(late), "told": len(late)}))


if __name__ == "__main__":
    main()
