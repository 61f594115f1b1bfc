"""How acquisitions are found: by every field an instrument tells, by calibration, and by any words."""

import django_filters
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from annotations.api.key_filter import KeyFilter
from annotations.models import Acquisition, Frame, Project
from annotations.models.overview import by_calibration, by_review, search

CALIBRATIONS = [(state, state) for state in ("adopted", "none", "conflict", "unsizeable")]
REVIEW = [(state, state) for state in ("reviewed", "unreviewed", "edited")]
RANGES = ("voltage_kv", "magnification", "exposure_s", "pressure_pa", "temperature_c", "size_bytes")
WORDS = ("name", "specimen", "instrument", "detector", "gas")


class AcquisitionFilters(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="by_words", label="Words that occur anywhere in the name or the metadata."
    )
    project = KeyFilter("project_id", among=Project)
    uploaded_by = KeyFilter("uploaded_by_id")
    calibration = django_filters.ChoiceFilter(choices=CALIBRATIONS, method="by_calibration_state")
    review = django_filters.ChoiceFilter(choices=REVIEW, method="by_review_state")
    acquired_after = django_filters.IsoDateTimeFilter(field_name="acquired_at", lookup_expr="gte")
    acquired_before = django_filters.IsoDateTimeFilter(field_name="acquired_at", lookup_expr="lte")
    ordering = django_filters.OrderingFilter(
        fields=["uploaded_at", "acquired_at", "name", "size_bytes", "voltage_kv", "magnification"]
    )

    class Meta:
        model = Acquisition
        fields = {
            "status": ["exact"],
            "sha256": ["exact"],
            **{name: ["exact", "icontains"] for name in WORDS},
            **{name: ["exact", "gte", "lte"] for name in RANGES},
        }

    def by_words(self, queryset, name, value):
        return search(queryset, value.replace("\0", ""))

    def by_review_state(self, queryset, name, value):
        return by_review(queryset, value)

    def by_calibration_state(self, queryset, name, value):
        return by_calibration(queryset, value)


def counted(acquisitions):
    """With `n_frames`; a subquery, since a join would multiply rows under the filters."""
    frames = Frame.objects.filter(acquisition=OuterRef("pk")).order_by().values("acquisition")
    return acquisitions.annotate(n_frames=Coalesce(Subquery(frames.annotate(n=Count("pk")).values("n")), 0))
