"""`{% module_preloads "js/pages/annotate.js" %}`: all modules a page's script imports, named at once.

Without a bundler the browser learns of a module only when it has read the one that imports it: a round trip a
level. The list is read from the files' own import lines, so nobody has to keep it.
"""

import posixpath
import re
from functools import cache

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join

register = template.Library()
IMPORT = re.compile(r"""^\s*(?:import|export)\b[^"';]*?from\s+"(\.[^"]+)"|^\s*import\s+"(\.[^"]+)\"""", re.M)


def imported_modules(path):
    """Paths below static/ of all that the module at `path` imports, itself first, each once."""
    found, waiting = {}, [path]
    while waiting:
        module = waiting.pop(0)
        file = None if module in found else finders.find(module)
        if not file:
            continue
        found[module] = True
        with open(file, encoding="utf-8") as source:
            folder = posixpath.dirname(module)
            for names in IMPORT.findall(source.read()):
                waiting.append(posixpath.normpath(posixpath.join(folder, names[0] or names[1])))
    return list(found)


@cache
def _links(path, static_url):
    # `static_url` holds the release: other files, other links.
    links = ((static(module),) for module in imported_modules(path))
    return format_html_join("\n  ", '<link rel="modulepreload" href="{}">', links)


@register.simple_tag
def module_preloads(path):
    return (
        _links.__wrapped__(path, settings.STATIC_URL) if settings.DEBUG else _links(path, settings.STATIC_URL)
    )
