"""Metadata as a table: one row a value, its path as its name."""

from annotations.instruments.fields import FIELDS

MOST = 3000
WORDS = {
    "acquired_at": "date",
    "instrument": "microscope",
    "voltage_kv": "voltage",
    "exposure_s": "exposure",
    "pressure_pa": "pressure",
    "temperature_c": "temperature",
}


def missing_fields(acquisition):
    """What the file does not say of the instrument, in words."""
    return [WORDS.get(name, name) for name in FIELDS if getattr(acquisition, name) in (None, "")]


def metadata_rows(metadata):
    """(path, value) of every plain value, in the file's order, at most MOST."""
    rows = []
    _gather(metadata, "", rows)
    return rows[:MOST]


def _gather(value, path, rows):
    if len(rows) > MOST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _gather(item, f"{path} › {key}" if path else str(key), rows)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for place, item in enumerate(value):
            _gather(item, f"{path} › {place}" if len(value) > 1 else path, rows)
    elif isinstance(value, list):
        rows.append((path, ", ".join(map(str, value))))
    elif value not in (None, ""):
        rows.append((path, str(value)))
