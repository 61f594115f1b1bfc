import django_filters
from django import forms

LARGEST_KEY = 2**63 - 1


class KeyFilter(django_filters.Filter):
    """Rows whose foreign key is this number.

    A key that one may not see finds as little as one that is not there; a choice among rows, django-filter's
    own, would tell the two apart.
    """

    field_class = forms.IntegerField

    def __init__(self, field_name, **more):
        super().__init__(field_name=field_name, min_value=0, max_value=LARGEST_KEY, **more)
