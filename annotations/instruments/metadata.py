"""Metadata of any shape to what JSON and the database can keep, within bounds."""

import base64
import json
import math
from datetime import date, datetime, time
from enum import Enum

import numpy as np

DEPTH = 12
ITEMS = 500  # of one list or mapping
TEXT = 4000  # characters of one value
SHORT_ARRAY = 32


def json_safe(value, depth=DEPTH):
    """`value` in JSON's types: no NaN, no NUL, no bytes, nothing deeper or longer than the bounds."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value) if abs(int(value)) < 2**63 else str(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else str(value)
    if value is None:
        return None
    if isinstance(value, bytes | np.bytes_):
        return _text_of_bytes(bytes(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if depth <= 0:
        return "…"
    if isinstance(value, dict):
        items = list(value.items())[:ITEMS]
        return {_text(str(key))[:200]: json_safe(item, depth - 1) for key, item in items}
    if isinstance(value, np.ndarray):
        if value.size > SHORT_ARRAY:
            return f"array of shape {value.shape}, {value.dtype}"
        return json_safe(value.tolist(), depth - 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(item, depth - 1) for item in list(value)[:ITEMS]]
    if hasattr(value, "as_dictionary"):
        return json_safe(value.as_dictionary(), depth - 1)
    return _text(str(value))


def bounded(metadata, limit_bytes):
    """`metadata` made JSON-safe and, if need be, stripped of its largest entries, which are then named."""
    kept = json_safe(metadata)
    sizes = {key: len(json.dumps(item)) for key, item in kept.items()}
    dropped = []
    while sum(sizes.values()) > limit_bytes:
        largest = max(sizes, key=sizes.get)
        if isinstance(kept[largest], dict) and len(kept[largest]) > 1:
            kept[largest] = bounded(kept[largest], sizes[largest] // 2)
            sizes[largest] = min(len(json.dumps(kept[largest])), sizes[largest] // 2)
        else:
            dropped.append(largest)
            del kept[largest], sizes[largest]
    if dropped:
        kept["left out, too long"] = sorted(dropped)
    return kept


def _text(value):
    # PostgreSQL's JSON can hold no NUL, and neither half of a surrogate pair.
    clean = value.replace("\0", "").encode("utf-8", "replace").decode()
    return clean if len(clean) <= TEXT else clean[:TEXT] + "…"


def _text_of_bytes(value):
    try:
        return _text(value.decode())
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    if all(letter.isprintable() or letter in "\r\n\t\0" for letter in text):
        return _text(text)
    return "base64:" + base64.b64encode(value[:48]).decode() + ("…" if len(value) > 48 else "")
