"""Every look at a test set, one row each, never rewritten: so that nobody can tune on them unseen."""

import csv
import datetime
from pathlib import Path

HEADER = ["date", "commit", "set", "frames", "method", "weights", "f1"]


def record(path, *, commit, set_name, frames, method, digest, f1, now=None):
    """Append one look; the file and its header are made at the first one."""
    path = Path(path)
    now = now or datetime.datetime.now(datetime.UTC)
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(HEADER)
        date = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        value = "" if f1 is None else f"{f1:.4f}"
        writer.writerow([date, commit, set_name, frames, method, digest[:12], value])


def count(path):
    """How many looks each set has had, by its name."""
    path = Path(path)
    if not path.exists():
        return {}
    totals = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            totals[row["set"]] = totals.get(row["set"], 0) + 1
    return totals
