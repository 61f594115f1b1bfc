"""Which frame to annotate next: those compared last in order of what they are worth, with reasons."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from annotations.models import Event, Layer
from mlcore.inference.ordering import ordered
from mlcore.models import ComparedFrame, Run
from mlcore.services.compare_start import NEXT, second_of

DISAGREE = 0.8  # F1 of one against the other: below it that is a reason of its own
WIDE = 0.3  # width of the intervals of size over the size
UNLIKE = 0.4  # share of the largest distance between two frames
# What `./etem bench next` found the order to be worth against chance, for the page to say (docs/models.md).
WORTH = {"value": "0.018", "low": "0.011", "high": "0.028", "n": 82, "is_better": True}
CANNOT = "It could not be searched: {}"


@dataclass(frozen=True)
class Waiting:
    """A frame of the queue, its place from 1, and why it stands there."""

    place: int
    row: ComparedFrame
    score: float
    reasons: list

    @property
    def frame(self):
        return self.row.frame


def last_ranking(project):
    """The newest comparison that the queue can be made from, done or not; None before the first."""
    runs = project.runs.filter(kind=Run.Kind.COMPARE, config__purpose=NEXT)
    return runs.filter(compared_frames__isnull=False).distinct().order_by("-pk").first()


def queue(project):
    """The ranking, and the frames that still wait in its order: one edited or reviewed since is done."""
    run = last_ranking(project)
    if run is None:
        return None, []
    waiting = _ordered(run)
    done = _done(run, [one.row.frame_id for one in waiting])
    return run, [one for one in waiting if one.row.frame_id not in done]


def next_after(project, frame_pk):
    """The frame that waits behind one in the order, whether that one still waits or not; None at its end."""
    run = last_ranking(project)
    if run is None:
        return None
    every = _ordered(run)
    done = _done(run, [one.row.frame_id for one in every])
    place = next((one.place for one in every if one.row.frame_id == frame_pk), 0)
    behind = (one for one in every if one.place > place and one.row.frame_id not in done)
    return next((one.frame for one in behind), None)


def _ordered(run):
    rows = list(run.compared_frames.with_names())
    length = max((len(one.features) for one in rows), default=0)
    features = [one.features if len(one.features) == length else [0.0] * length for one in rows]
    found = ordered(
        [_or_nan(one.agreement) for one in rows], [_or_nan(one.interval_width) for one in rows],
        [_or_nan(one.strangeness) for one in rows], np.reshape(features, (len(rows), length)),
    )  # fmt: skip
    second = second_of(run)
    return [
        Waiting(place, rows[k], float(found.score[k]), _reasons(rows[k], second, found.distance[k], place))
        for place, k in enumerate(found.order, 1)
    ]


def _done(run, frames):
    layers = Layer.objects.filter(kind=Layer.Kind.WORKING, frame__in=frames)
    edited = Event.objects.filter(layer__in=layers, at__gte=run.created_at).values("layer")
    touched = layers.filter(Q(pk__in=edited) | Q(pk__in=Layer.objects.reviewed().values("pk")))
    return set(touched.values_list("frame", flat=True))


def _reasons(row, second, distance, place):
    if row.message:
        return [CANNOT.format(row.message)]
    reasons = []
    if row.agreement is not None and row.agreement < DISAGREE:
        reasons.append(
            f"The network and {second} agree on {row.agreement:.0%}: {row.n_first} and {row.n_second} "
            f"particles, {row.n_both} the same."
        )
    if row.strangeness is not None and row.strangeness > 0:
        reasons.append("It looks unlike what the network learnt from.")
    if row.interval_width is not None and row.interval_width > WIDE:
        reasons.append(f"Its sizes are unsure: the 90 % intervals are {row.interval_width:.0%} of them wide.")
    if place > 1 and distance > UNLIKE:
        reasons.append("It looks unlike the frames before it in this list.")
    return reasons or ["Nothing stands out: both agree, and frames like it come before."]


def _or_nan(value):
    return float("nan") if value is None else value
