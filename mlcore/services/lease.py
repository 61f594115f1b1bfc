"""Who works on a run; see annotations/services/lease.py."""

from annotations.services import lease as leases

LOCK_SPACE = 0x5255  # apart from that of imports


def lease(run_pk):
    """Whether this process alone may work on the run; ends with the block or with the process."""
    return leases.lease(LOCK_SPACE, run_pk)
