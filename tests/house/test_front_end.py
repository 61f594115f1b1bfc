"""Scripts are short and never build HTML from text; pages hold no script, handler or style of their own."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
PAGES = sorted([*(ROOT / "templates").rglob("*.html"), *ROOT.glob("*/templates/**/*.html")])
LINES_MAX = 150
HTML_SINKS = re.compile(
    r"\b(innerHTML|outerHTML)\s*\+?=(?!=)|\binsertAdjacentHTML\s*\(|\bdocument\.write\s*\("
)
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*\btype=[\"']application/json)", re.I)
HANDLER = re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I)
INLINE_STYLE = re.compile(r"<style\b|<[a-z][^>]*\sstyle\s*=", re.I)
OUTSIDE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.I)


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_is_short_and_builds_no_html_from_text(path):
    text = path.read_text()
    lines = len(text.splitlines())
    assert lines < LINES_MAX, f"{name(path)} has {lines} lines, {LINES_MAX - 1} at most: split it."
    found = HTML_SINKS.search(text)
    assert not found, f"{name(path)} uses {found[0]}: build nodes (createElement, textContent, a <template>)."


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_holds_no_script_handler_or_style(path):
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.S)
    for rule, remedy in (
        (INLINE_SCRIPT, "move it to static/js/pages/ and pass data with json_script"),
        (HANDLER, "listen in static/js/pages/ (addEventListener)"),
        (INLINE_STYLE, "use a class of static/css"),
        (OUTSIDE, "serve it from static/: pages load nothing from elsewhere"),
    ):
        found = rule.search(text)
        assert not found, f"{name(path)}: “{found[0]}”: {remedy}."


def test_the_rules_find_what_they_look_for():
    assert HTML_SINKS.search("box.innerHTML = name")
    assert not HTML_SINKS.search("if (box.innerHTML === name)")
    assert INLINE_SCRIPT.search("<script>run()</script>")
    assert INLINE_SCRIPT.search('<script type="module">run()</script>')
    assert not INLINE_SCRIPT.search('<script type="module" src="x.js"></script>')
    assert HANDLER.search('<button class="a" onclick="go()">')
    assert INLINE_STYLE.search('<p style="color: red">')
    assert OUTSIDE.search('<link rel="stylesheet" href="https://example.org/a.css">')
