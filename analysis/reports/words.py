"""Numbers as people read them."""

from math import isfinite


def number(value, digits=3):
    """`value` with `digits` significant digits and no exponent: 9.62, 1230, 0.00417."""
    if not isfinite(value) or value == 0:
        return f"{value:g}"
    return f"{value:.{_decimals(value, digits)}f}"


def with_deviation(mean, deviation, digits=3):
    """“9.66 ± 0.97”: the deviation ends where the mean does, unless nothing were left of it."""
    if not isfinite(deviation):
        return f"{number(mean, digits)} ± {deviation:g}"
    decimals = max(_decimals(mean, digits), _decimals(deviation, 1))
    return f"{number(mean, digits)} ± {deviation:.{decimals}f}"


def _decimals(value, digits):
    """Of the value as it will be written: 9.996 to three digits is 10.0, and not 10.00."""
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])
    return max(0, digits - 1 - exponent)


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
