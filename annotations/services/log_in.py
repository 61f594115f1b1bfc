"""Guessing passwords is slowed to a crawl: so many failures from an address, then a pause."""

import hashlib

from django.core.cache import cache
from django.core.exceptions import ValidationError

PAUSE_S = 15 * 60
FAILURES_OF_NAME = 8  # one name from one address
FAILURES_OF_ADDRESS = 60  # any names from one address: a lab may share one


def check_pause(*, username, address):
    """
    Raises
    ------
    ValidationError
        While there have been too many failures; the password is not even looked at then.
    """
    counts = cache.get_many(_limits(username, address))
    for key, limit in _limits(username, address).items():
        if counts.get(key, 0) >= limit:
            raise ValidationError(
                f"Too many failed attempts; wait {PAUSE_S // 60} minutes and try again, "
                "or ask the site's operator for a new password.",
                code="throttled",
            )


def record_failure(*, username, address):
    for key in _limits(username, address):
        # add() then incr(): both are atomic in the cache, so parallel guesses are all counted.
        cache.add(key, 0, PAUSE_S)
        try:
            cache.incr(key)
        except ValueError:  # it expired in between
            cache.set(key, 1, PAUSE_S)


def forget_failures(*, username, address):
    """After a success; the address's count stays, or an attacker's own account would reset it."""
    cache.delete(next(iter(_limits(username, address))))


def _limits(username, address):
    # Hashed: a name may be long and hold any character, and people type passwords into it.
    name = hashlib.sha256(f"{address}\n{username.lower()}".encode()).hexdigest()
    return {f"log-in-name:{name}": FAILURES_OF_NAME, f"log-in-address:{address}": FAILURES_OF_ADDRESS}
