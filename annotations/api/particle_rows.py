"""Particles for the editor: small on the wire, whatever their number."""

import gzip
import json

import numpy as np
from django.http import HttpResponse

OUTLINE_STEP_PX = 1 / 16  # for drawing; the stored outline is exact and is what is measured and exported
COLUMNS = (
    "id", "version", "label_class", "x", "y", "width", "height", "confidence", "origin", "decision",
    "ecd_px", "ecd_nm",
)  # fmt: skip


def packed_outline(outline):
    """An outline in sixteenths of a pixel, each point relative to the one before: [x, y, dx, dy, ...]."""
    if outline is None:
        return None
    steps = np.rint(np.asarray(outline, dtype=float) / OUTLINE_STEP_PX).astype(int)
    return np.diff(steps, axis=0, prepend=[[0, 0]]).ravel().tolist()


def row(particle):
    """One particle as an object, outline included."""
    return {
        **{name: getattr(particle, name) for name in COLUMNS if name not in {"id", "label_class"}},
        "id": str(particle.id),
        "label_class": particle.label_class_id,
        "outline": packed_outline(particle.outline),
    }


def columns(particles):
    """Many particles column by column, without outlines: {"n": 2, "id": [...], "x": [...], ...}."""
    rows = list(particles.values_list(*COLUMNS))
    found = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    found = {name: found.get(name, []) for name in COLUMNS}
    found["id"] = [key.hex for key in found["id"]]
    return {"n": len(rows), **found}


def gzipped_json(request, body):
    """A JSON answer, packed where the client takes it. Nothing secret stands beside what a client chose."""
    text = json.dumps(body, separators=(",", ":")).encode()
    response = HttpResponse(content_type="application/json")
    response["Vary"] = "Accept-Encoding, Cookie, Authorization"
    response["Cache-Control"] = "private, no-store"
    if len(text) > 2000 and "gzip" in request.headers.get("Accept-Encoding", ""):
        text = gzip.compress(text, compresslevel=1)
        response["Content-Encoding"] = "gzip"
    response.content = text
    return response
