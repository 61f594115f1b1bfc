"""A parameter that an address does not know is refused: ignored, it would look like one that found all."""

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

EVERYWHERE = {api_settings.URL_FORMAT_OVERRIDE}
OF_PAGES = {"limit", "offset"}


def refuse_unknown(request, known):
    """Raises ValidationError, naming the known ones, if the query string has another than these."""
    known = set(known)
    unknown = sorted(set(request.query_params) - known - EVERYWHERE)
    if unknown:
        sentence = f"This address has no such parameter; it knows {', '.join(sorted(known))}."
        raise ValidationError({name[:100]: [sentence] for name in unknown[:20]})


class KnownFilters(DjangoFilterBackend):
    """The filters of a list, and no others."""

    def filter_queryset(self, request, queryset, view):
        filterset = self.get_filterset(request, queryset, view)
        refuse_unknown(request, {*OF_PAGES, *(filterset.filters if filterset else ())})
        return super().filter_queryset(request, queryset, view)
