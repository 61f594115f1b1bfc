"""What a run tells of itself on its way: figures by step, pictures, and lines of its log.

Each is kept once: a run that goes on from a checkpoint repeats some steps, and what it says of them again
takes the place of what it said before. Open pages get a hint of each; all is readable by HTTP.
"""

import math

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.text import slugify

from annotations.services.notify import push
from mlcore.models import RunLine, RunPoint, RunSample

LINE_CHARS = 500


def note_point(run, step, series, values):
    """Keep figures of one step; `series` is "train", "val" or "final". What is no number is left out."""
    finite = {name: float(value) for name, value in values.items() if value is not None}
    finite = {name: float(f"{value:.6g}") for name, value in finite.items() if math.isfinite(value)}
    RunPoint.objects.bulk_create(
        [RunPoint(run=run, series=series, step=step, values=finite)],
        update_conflicts=True, unique_fields=["run", "series", "step"], update_fields=["values"],
    )  # fmt: skip
    _hint(run)


def note_line(run, text, level="info"):
    """Add a line to the run's log, which people read."""
    RunLine.objects.create(run=run, level=level, text=str(text)[:LINE_CHARS])
    _hint(run)


def note_sample(run, step, name, png_bytes):
    """Keep the picture of what a network found on the frame of a name at one step."""
    sample = RunSample.objects.filter(run=run, step=step, name=name).first()
    place = default_storage.save(sample_place(run, step, name), ContentFile(png_bytes))
    if sample is None:
        RunSample.objects.create(run=run, step=step, name=name, file=place)
    else:
        old, sample.file = sample.file, place
        sample.save(update_fields=["file"])
        default_storage.delete(old)
    _hint(run)


def sample_place(run, step, name):
    """Where a sample lies in the storage."""
    return f"runs/{run.pk}/samples/{slugify(name)[:60] or 'frame'}-{step:07d}.png"


def _hint(run):
    push(project_id=run.project_id, kind="progress", payload={"run": run.pk})
