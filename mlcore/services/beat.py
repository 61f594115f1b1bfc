"""What a run's work calls as often as it likes: the row is written once a second, and a stop is noticed."""

import time

from django.utils import timezone

from annotations.services.notify import push
from mlcore.models import Run

HEARTBEAT_S = 1.0  # also how soon a cancelled run notices, and how often pages are told


class RunStopped(Exception):  # noqa: N818 - no error
    """The work is to end now; what it needs to go on later it saves, then lets this through."""


class RunCancelled(RunStopped):
    pass


class RunPaused(RunStopped):
    pass


class RunHandedOn(RunPaused):
    """Paused for a moment only: its message's time is up, and another message goes on where it stopped."""


class Beat:
    """`beat()` raises RunCancelled or RunPaused where somebody asked for it, RunHandedOn at `until`."""

    def __init__(self, run, *, until=None, summary=None):
        self.run, self.until, self.summary = run, until, summary
        self.at, self.news = 0.0, {}

    def __call__(self, *, steps_done=None, steps_total=None, step_s=None, resources=None, force=False):
        told = {
            "steps_done": steps_done,
            "steps_total": steps_total,
            "step_s": step_s,
            "resources": resources,
        }
        self.news |= {name: value for name, value in told.items() if value is not None}
        if not force and time.monotonic() - self.at < HEARTBEAT_S:
            return
        self.at = time.monotonic()
        self._write()
        if self.until is not None and self.at > self.until:
            raise RunHandedOn

    def _write(self):
        run, news = self.run, self.news
        mine = Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING, attempts=run.attempts)
        if not mine.filter(cancel_requested=False).update(heartbeat_at=timezone.now(), **news):
            raise RunCancelled
        for name, value in news.items():
            setattr(run, name, value)
        if news and self.summary:
            push(project_id=run.project_id, kind="run", payload=self.summary(run))
        self.news = {}
        if mine.filter(pause_requested=True).exists():
            raise RunPaused


class ChunkBeat(Beat):
    """The beat of one of several workers that search a run's frames: the row's counts are everybody's.

    A process has one at a time, and short chunks follow each other: once a second holds over all of them.
    """

    last = (None, 0.0)  # the run, and when it was written

    def __init__(self, run, **more):
        super().__init__(run, **more)
        if ChunkBeat.last[0] == run.pk:
            self.at = ChunkBeat.last[1]

    def _write(self):
        ChunkBeat.last = (self.run.pk, self.at)
        mine = Run.objects.filter(pk=self.run.pk, status=Run.Status.RUNNING)
        if not mine.filter(cancel_requested=False).update(heartbeat_at=timezone.now()):
            raise RunCancelled
        now = mine.first()
        if now is None:
            raise RunCancelled
        if now.pause_requested:
            raise RunPaused
        push(project_id=now.project_id, kind="run", payload=self.summary(now))
