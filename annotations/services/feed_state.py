"""What a project's live feed tells of, in a few numbers: they differ when something has moved.

A word on the feed may be lost: Redis was away for the moment, or a line to it was cut. The consumer compares
these with each ping, so that open pages are behind for no longer than that.
"""

from django.db.models import Count, Sum

from annotations.models import Acquisition, Calibration, LabelClass, Layer

PARTS = []  # functions of a project's key; apps to the right add their own


def part(read):
    PARTS.append(read)
    return read


def feed_state(project_id):
    return [read(project_id) for read in PARTS]


@part
def layers(project_id):
    rows = Layer.objects.filter(frame__acquisition__project=project_id)
    return rows.aggregate(Count("pk"), Sum("sequence"))


@part
def acquisitions(project_id):
    rows = Acquisition.objects.filter(project=project_id).order_by()
    return sorted(rows.values_list("status").annotate(Count("pk")))


@part
def calibrations(project_id):
    return Calibration.objects.filter(acquisition__project=project_id).count()


@part
def classes(project_id):
    return list(LabelClass.objects.filter(project=project_id).order_by("pk").values_list())
