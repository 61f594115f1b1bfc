"""`{% module_preloads "js/pages/annotate.js" %}`: all modules that a page's scripts import, named at once.

Without a bundler the browser learns of a module only when it has read the one that imports it: a round trip a
level. The list is read from the files' own import lines, so nobody has to keep it. Of several scripts the
first is the one that the page waits for: the others' modules are fetched behind its own.
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


def imported_modules(*paths):
    """Paths below static/ of modules and all that they import, each once, the first ones' first."""
    found, waiting = {}, [*paths]
    while waiting:
        module = waiting.pop(0)
        file = None if module in found else finders.find(module)
        if not file:
            continue
        found[module] = True
        imported = []
        with open(file, encoding="utf-8") as source:
            folder = posixpath.dirname(module)
            for names in IMPORT.findall(source.read()):
                imported.append(posixpath.normpath(posixpath.join(folder, names[0] or names[1])))
        waiting = imported + waiting
    return list(found)


@cache
def _links(paths, static_url):
    # `static_url` holds the release: other files, other links.
    first = imported_modules(paths[0])
    links = [(static(module), "auto") for module in first]
    links += [(static(module), "low") for module in imported_modules(*paths) if module not in first]
    return format_html_join("\n  ", '<link rel="modulepreload" href="{}" fetchpriority="{}">', links)


@register.simple_tag
def module_preloads(*paths):
    return (
        _links.__wrapped__(paths, settings.STATIC_URL)
        if settings.DEBUG
        else _links(paths, settings.STATIC_URL)
    )
