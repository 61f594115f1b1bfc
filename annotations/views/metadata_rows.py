"""Metadata as a table: one row a value, its path as its name."""

MOST = 3000


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
