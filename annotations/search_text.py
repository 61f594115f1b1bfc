"""What a search looks through: every word once, lower case, so that part of a word is found in one place."""


def words_of(*values) -> str:
    """The different words of some values, of dicts with their keys, in the order of their first occurrence.

    Parameters
    ----------
    *values
        JSON: strings, numbers, None, lists and dicts of such.

    Examples
    --------
    >>> words_of("Au 001.dm4", {"Gatan": {"Mode": "tem", "au": [1, None]}})
    'au 001.dm4 gatan mode tem 1'
    """
    return " ".join(dict.fromkeys(word for text in _texts(values) for word in text.lower().split()))


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
