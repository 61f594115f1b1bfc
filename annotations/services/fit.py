"""Fit: from a drawn box to the outline of what is in it, as an edit like any other."""

from dataclasses import replace

from annotations.box_fit import crop_slices, shrink_to_fit
from annotations.models import Event, Particle
from annotations.services.pixels import frame_pixels
from annotations.services.record_edits import Recorded, Result, record_edits

NO_EDGE = "No edge stands out in this box, so it stays a box; draw it around one whole particle."


def fit_outlines(*, layer, by, edits) -> Recorded:
    """Replace boxes by the outlines found in them; one without a clear edge stays a box.

    The pixels are read before the layer is locked: a fit waits for nobody and nobody waits for it.

    Raises
    ------
    ValidationError
        As `record_edits`.
    """
    known = Event.objects.filter(layer=layer, edit__in=[edit.id for edit in edits])
    known = set(known.values_list("edit", flat=True))
    found = Particle.objects.filter(layer=layer).in_bulk([edit.particle for edit in edits])
    changes, unfit = [], {}
    image = None
    for edit in edits:
        particle = found.get(edit.particle)
        change = replace(edit, action="change", fields={"outline": None})
        if particle is not None and edit.id not in known:
            image = frame_pixels(layer.frame) if image is None else image
            outline = _outline(image, particle, layer.frame)
            if outline is None:
                version = particle.version
                unfit[edit.id] = Result(id=edit.id, status="refused", version=version, detail=NO_EDGE)
                continue
            change = replace(change, base_version=particle.version, fields={"outline": outline})
        changes.append(change)
    recorded = record_edits(layer=layer, by=by, edits=changes)
    done = {result.id: result for result in recorded.results} | unfit
    return replace(recorded, results=[done[edit.id] for edit in edits])


def _outline(image, particle, frame):
    box = (particle.x, particle.y, particle.width, particle.height)
    rows, columns = crop_slices(box, (frame.width_px, frame.height_px))
    outline = shrink_to_fit(image[rows, columns], box, origin=(columns.start, rows.start))
    if outline is None:
        return None
    # 1/64 px: far below any edge's uncertainty, and exact in binary, so that moving there and back is too.
    return [[round(x * 64) / 64, round(y * 64) / 64] for x, y in outline.tolist()]
