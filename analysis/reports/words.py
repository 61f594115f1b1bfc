"""Numbers as people read them."""

from math import floor, isfinite, log10


def number(value, digits=3):
    """`value` with `digits` significant digits and no exponent: 9.62, 1230, 0.00417."""
    if not isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = max(0, digits - 1 - floor(log10(abs(value))))
    return f"{value:.{decimals}f}"


def count(n, one, many=None):
    """“1 image”, “12,345 images”."""
    words = one if n == 1 else many or f"{one}s"
    return f"{grouped(n)} {words}"


def grouped(n):
    """Thousands set apart, as the pages do it."""
    return f"{n:,}"


def listed(words):
    """“a”, “a and b”, “a, b and c”."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
