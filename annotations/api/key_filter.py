import django_filters
from django import forms
from django.core.validators import EMPTY_VALUES
from django.shortcuts import get_object_or_404

LARGEST_KEY = 2**63 - 1


class KeyFilter(django_filters.Filter):
    """Rows whose foreign key is this number.

    With `among`, a key that is not there or that one may not see is 404, as in an address; a choice among
    rows, django-filter's own, would tell the two apart.
    """

    field_class = forms.IntegerField

    def __init__(self, field_name, *, among=None, **more):
        super().__init__(field_name=field_name, min_value=0, max_value=LARGEST_KEY, **more)
        self.among = among

    def filter(self, queryset, value):
        if self.among and value not in EMPTY_VALUES:
            get_object_or_404(self.among.objects.visible_to(self.parent.request.user), pk=value)
        return super().filter(queryset, value)
