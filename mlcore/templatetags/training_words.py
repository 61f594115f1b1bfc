"""Words of runs' pages."""

from django import template

from mlcore import words

register = template.Library()
register.filter("duration", words.duration)
register.filter("short_s", words.short_seconds)
register.filter("setting", words.setting)
