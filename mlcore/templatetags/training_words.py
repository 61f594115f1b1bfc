"""Words of runs' pages."""

from django import template

from mlcore import words
from mlcore.training.limits import LABELS

register = template.Library()
register.filter("duration", words.duration)
register.filter("short_s", words.short_seconds)
register.filter("setting", words.setting)
register.filter("setting_name", lambda name: LABELS.get(name, name).lower())
