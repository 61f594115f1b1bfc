"""Who works on a run or on some of its frames; see annotations/services/lease.py.

A run's lock is one worker's alone where its work cannot be divided, and shared by all that search its frames:
either way nobody works on it where it is free.
"""

from annotations.services import lease as leases

LOCK_SPACE = 0x5255  # apart from that of imports
CHUNK_SPACE = 0x5243


def lease(run_pk):
    """Whether this process alone may work on the run; ends with the block or with the process."""
    return leases.lease(LOCK_SPACE, run_pk)


def chunk_lease(chunk_pk):
    return leases.lease(CHUNK_SPACE, chunk_pk)


def share(run_pk):
    """Whether this process may work on the run beside others."""
    return leases.lease(LOCK_SPACE, run_pk, shared=True)
