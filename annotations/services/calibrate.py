"""Calibrations: readings of a file, and what people decide. A row is never changed; each is a new version."""


def record_readings(*, acquisition, frames, readings):
    """Keep what the readers of a new file say."""
