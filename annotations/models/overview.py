"""Reads that span several models, for lists of projects and acquisitions: a few queries a page."""

from dataclasses import dataclass

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Subquery

from annotations.models.acquisition import Acquisition, Frame
from annotations.models.calibration import Calibration
from annotations.models.layer import Layer
from annotations.models.particle import Particle
from annotations.search_text import from_start

IS_DRAWN = Q(layer__kind=Layer.Kind.WORKING)
IS_OPEN = Q(layer__kind=Layer.Kind.SUGGESTION, decision=Particle.Decision.PENDING)


@dataclass
class Tally:
    """What a page says of one project or acquisition beside its own columns."""

    n_acquisitions: int = 0
    n_particles: int = 0
    n_open: int = 0
    n_reviewed: int = 0
    last_at: object = None


@dataclass
class Shown:
    """An acquisition as the overview shows it; no pixel size without a calibration in force."""

    acquisition: Acquisition
    tally: Tally
    n_frames: int = 0
    first_frame: Frame | None = None
    is_uniform: bool = True  # all frames have one size
    calibration: str = "none"  # adopted, varied, conflict, unsizeable, none
    smallest: Calibration | None = None  # in force; another than `largest` only where frames differ
    largest: Calibration | None = None
    reason: str = ""


def with_particle_counts(label_classes):
    """`n_particles` of each: people's. A suggestion counts once it is accepted, and then as its copy."""
    drawn = Q(particles__layer__kind=Layer.Kind.WORKING)
    return label_classes.annotate(n_particles=Count("particles", filter=drawn))


def search(acquisitions, words):
    """Those that have each of `words` somewhere: in the name, the instrument, or anything the file told."""
    for word in words.lower().split():
        # The regular expression decides; the plain part is what the trigram index is sure to be used for.
        acquisitions = acquisitions.filter(search_text__contains=word, search_text__regex=from_start(word))
    return acquisitions


def by_calibration(acquisitions, state):
    """Those whose calibration is adopted, in conflict, missing (none), or whose frames cannot be sized."""
    frames = Frame.objects.filter(acquisition=OuterRef("pk"))
    adopted = Calibration.objects.filter(acquisition=OuterRef("pk"), is_adopted=True).order_by("-version")
    acquisitions = acquisitions.ready().annotate(
        adopted_nm=Subquery(adopted.values("pixel_size_x_nm")[:1]),
        is_sizeable=Exists(frames.filter(unsizeable_reason="")),
        is_disputed=Exists(frames.calibration_conflicts()),
    )
    sizeable = acquisitions.filter(is_sizeable=True)
    return {
        "conflict": acquisitions.filter(is_disputed=True),
        "adopted": sizeable.filter(is_disputed=False, adopted_nm__isnull=False),
        "none": sizeable.filter(is_disputed=False, adopted_nm__isnull=True),
        "unsizeable": acquisitions.filter(is_sizeable=False),
    }[state]


def calibrated(frames):
    """Those with a calibration in force, as `Calibration.objects.current_for` has it for one frame."""
    speaks_of_it = Q(frame=OuterRef("pk")) | Q(frame=None)
    rows = Calibration.objects.filter(speaks_of_it, acquisition=OuterRef("acquisition"), is_adopted=True)
    newest = Subquery(rows.order_by("-version").values("pixel_size_x_nm")[:1])
    return frames.filter(unsizeable_reason="").alias(nm=newest).filter(nm__isnull=False)


def by_work(acquisitions, state):
    """Those with open suggestions, with particles, or still without any."""
    particles = Particle.objects.filter(layer__frame__acquisition=OuterRef("pk"))
    drawn, is_open = Exists(particles.filter(IS_DRAWN)), Exists(particles.filter(IS_OPEN))
    condition = {"open": Q(is_open), "drawn": Q(drawn), "untouched": ~Q(drawn) & ~Q(is_open)}[state]
    return acquisitions.ready().filter(condition)


def by_review(acquisitions, state):
    """Those whose images all are reviewed, those with some that wait for it, or that were edited since."""
    frames = Frame.objects.filter(acquisition=OuterRef("pk"))
    working = Layer.objects.filter(kind=Layer.Kind.WORKING)
    is_reviewed = Exists(working.reviewed().filter(frame=OuterRef("pk")))
    layers = working.filter(frame__acquisition=OuterRef("pk"))
    was = Exists(layers.filter(reviewed_sequence__isnull=False).exclude(reviewed_sequence=F("sequence")))
    unseen = Exists(frames.exclude(is_reviewed))
    condition = {"reviewed": ~Q(unseen), "unreviewed": Q(unseen), "edited": Q(was)}[state]
    return acquisitions.ready().filter(condition)


def shown(acquisitions) -> list[Shown]:
    """One page of acquisitions with all that its rows say."""
    acquisitions = list(acquisitions)
    pks = [acquisition.pk for acquisition in acquisitions]
    tallies = _particle_tallies("layer__frame__acquisition", pks)
    rows = {found.pk: Shown(found, tallies.get(found.pk, Tally())) for found in acquisitions}
    reviewed = Layer.objects.reviewed().filter(kind=Layer.Kind.WORKING, frame__acquisition__in=pks)
    counted = reviewed.order_by().values_list("frame__acquisition").annotate(Count("pk"))
    for pk, n in counted:
        rows[pk].tally.n_reviewed = n
    frames = Frame.objects.filter(acquisition__in=pks).order_by("acquisition_id", "index")
    for frame in frames.distinct("acquisition_id"):
        rows[frame.acquisition_id].first_frame = frame
    _add_frames(rows, pks)
    _add_calibrations(rows, pks)
    return list(rows.values())


def project_tallies(projects) -> dict[int, Tally]:
    """Counts and the last activity of each project, by its key."""
    pks = [project.pk for project in projects]
    tallies = _particle_tallies("layer__frame__acquisition__project", pks)
    counted = Acquisition.objects.filter(project__in=pks).order_by().values("project")
    for row in counted.annotate(n=Count("pk"), last_at=Max("uploaded_at")):
        tally = tallies.setdefault(row["project"], Tally())
        tally.n_acquisitions = row["n"]
        tally.last_at = max(filter(None, [tally.last_at, row["last_at"]]))
    return {project.pk: tallies.get(project.pk, Tally(last_at=project.created_at)) for project in projects}


def _particle_tallies(key, pks):
    counted = Particle.objects.filter(IS_DRAWN | IS_OPEN, **{f"{key}__in": pks}).order_by().values(key)
    counted = counted.annotate(
        drawn=Count("pk", filter=IS_DRAWN), open=Count("pk", filter=IS_OPEN), last_at=Max("created_at")
    )
    return {row[key]: Tally(0, row["drawn"], row["open"], 0, row["last_at"]) for row in counted}


def _add_frames(rows, pks):
    counted = Frame.objects.filter(acquisition__in=pks).order_by().values("acquisition")
    for row in counted.annotate(
        n=Count("pk"),
        n_sizeable=Count("pk", filter=Q(unsizeable_reason="")),
        conflict=Max("calibration_conflict"),
        reason=Max("unsizeable_reason"),
        low=Min("width_px"), high=Max("width_px"), short=Min("height_px"), tall=Max("height_px"),
    ):  # fmt: skip
        shown = rows[row["acquisition"]]
        shown.n_frames = row["n"]
        shown.is_uniform = row["low"] == row["high"] and row["short"] == row["tall"]
        if row["conflict"]:
            shown.calibration, shown.reason = "conflict", row["conflict"]
        elif not row["n_sizeable"]:
            shown.calibration, shown.reason = "unsizeable", row["reason"]


def _add_calibrations(rows, pks):
    """The pixel sizes in force: the newest adopted row of each frame, or of all of them."""
    in_force = {}
    adopted = Calibration.objects.filter(acquisition__in=pks, is_adopted=True).order_by("version")
    for row in adopted.only("acquisition", "frame", "pixel_size_x_nm", "pixel_size_y_nm"):
        in_force_here = in_force.setdefault(row.acquisition_id, {})
        if row.frame_id is None:
            in_force_here.clear()  # speaks of all frames, and is newer
        in_force_here[row.frame_id] = row
    for pk, in_force_here in in_force.items():
        shown = rows[pk]
        known = sorted((row for row in in_force_here.values() if row.pixel_size_x_nm), key=_size)
        if shown.calibration == "none" and known:
            shown.smallest, shown.largest = known[0], known[-1]
            shown.calibration = "adopted" if _size(known[0]) == _size(known[-1]) else "varied"


def _size(calibration):
    return calibration.pixel_size_x_nm, calibration.pixel_size_y_nm
