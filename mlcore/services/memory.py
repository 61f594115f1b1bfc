"""Memory that did not suffice, told from errors of other kinds, and what would fit."""

import logging

logger = logging.getLogger(__name__)


def is_out_of_memory(error):
    """Whether NumPy, Python, torch's processor or its GPU says so; torch is not imported to know."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def what_would_fit(run, module):
    """In a sentence and as settings, if the module that does this kind of run can tell."""
    advise = getattr(module, "with_less_memory", None)
    if advise is None:
        return "", {}
    try:
        return advise(run)
    except Exception:
        logger.exception("No advice for run %s.", run.pk)
        return "", {}
