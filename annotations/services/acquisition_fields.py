"""What an instrument's file tells, into the columns that people search by."""

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from annotations.models import Acquisition


def set_fields(row, fields):
    """Set the columns of an unsaved or locked row; what fits none of them is left out."""
    for name, value in fields.items():
        limit = Acquisition._meta.get_field(name).max_length
        if limit:
            value = str(value)[:limit]
        elif name == "acquired_at":
            value = _moment(value)
        elif not isinstance(value, int | float):  # not finite: told as text
            continue
        setattr(row, name, value)


def _moment(text):
    """A clock without a zone is taken for the site's own."""
    found = parse_datetime(str(text))
    return timezone.make_aware(found) if found and timezone.is_naive(found) else found
