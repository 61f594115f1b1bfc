"""A model card's Markdown as plain parts for a template to escape: whatever it says, it is text."""

import re

HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+(.*)$")
SPAN = re.compile(r"\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)")
MAX_CHARS = 50_000


def card_parts(text):
    """Parts of a card, in order.

    Returns
    -------
    list of dict
        "kind" is heading, paragraph, list or code. Headings and paragraphs have `spans`, lists `points` of
        spans, code `text`. A span is (kind, words): text, strong or code. Links are their words alone: a
        card may have come from anywhere.
    """
    parts, lines = [], text[:MAX_CHARS].replace("\r\n", "\n").split("\n")
    words, items, code = [], [], None

    def flush():
        if words:
            parts.append({"kind": "paragraph", "spans": spans(" ".join(words))})
            words.clear()
        if items:
            parts.append({"kind": "list", "points": [spans(" ".join(one)) for one in items]})
            items.clear()

    for line in lines:
        if line.lstrip().startswith("```"):
            flush()
            if code is None:
                code = []
            else:
                parts.append({"kind": "code", "text": "\n".join(code)})
                code = None
        elif code is not None:
            code.append(line)
        elif not line.strip():
            flush()
        elif heading := HEADING.match(line):
            flush()
            parts.append({"kind": "heading", "spans": spans(heading[2])})
        elif item := ITEM.match(line):
            if words:
                flush()
            items.append([item[1].strip()])
        elif items:
            items[-1].append(line.strip())
        else:
            words.append(line.strip())
    flush()
    if code:
        parts.append({"kind": "code", "text": "\n".join(code)})
    return parts


def spans(text):
    """(kind, words) of a line: text, strong or code."""
    found, at = [], 0
    for match in SPAN.finditer(text):
        if match.start() > at:
            found.append(("text", text[at : match.start()]))
        strong, code, linked, _ = match.groups()
        found.append(("strong", strong) if strong else ("code", code) if code else ("text", linked))
        at = match.end()
    if at < len(text):
        found.append(("text", text[at:]))
    return found
