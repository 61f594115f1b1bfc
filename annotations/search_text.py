"""What a search looks through: every word once, lower case, found by how it begins."""

import re

HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


def words_of(*values) -> str:
    """The different words of some values, of dicts with their keys, in the order of their first occurrence.

    The inner words of one in camel case follow it.

    Parameters
    ----------
    *values
        JSON: strings, numbers, None, lists and dicts of such.

    Examples
    --------
    >>> words_of("Au 001.dm4", {"Gatan": {"Mode": "tem", "au": [1, None]}})
    'au 001.dm4 gatan mode tem 1'
    >>> words_of("gasPressure")
    'gaspressure pressure'
    """
    found = (word for text in _texts(values) for word in text.split())
    return " ".join(dict.fromkeys(part.lower() for word in found for part in [word, *HUMP.split(word)[1:]]))


def from_start(word: str) -> str:
    """A regular expression (PostgreSQL's) for where a run of letters or of digits begins with `word`.

    So “ru” is not found in “true”, but “au” in “Pd_Au” and “0042” in “IMG0042”.
    """
    kind = "[:alpha:]" if word[0].isalpha() else "[:digit:]" if word[0].isdigit() else ""
    return (f"(^|[^{kind}])" if kind else "") + re.escape(word)


def _texts(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
