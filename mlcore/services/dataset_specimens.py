"""What an image is of: what people named, and otherwise a guess that they chose.

Images of one specimen look alike, and a network that has learnt one of them knows the others: they must not
be on both sides of a split. All frames of one file are always one specimen.
"""

import re

SPECIMEN_BY = {
    "file": "each file is a specimen of its own",
    "name": "files whose names differ in their last number only are of one specimen",
    "session": "files of one instrument and day are of one specimen",
}
LAST_NUMBER = re.compile(r"[\s_.\-#()]*\d+[)\s]*$")
MAX_CHARS = 120


def specimen_of(acquisition, by="file"):
    """The key of an acquisition's specimen."""
    if acquisition.specimen:
        return acquisition.specimen
    if by == "name":
        stem = acquisition.name.rsplit(".", 1)[0]
        return LAST_NUMBER.sub("", stem)[:MAX_CHARS] or stem[:MAX_CHARS]
    if by == "session" and acquisition.acquired_at:
        day = f"{acquisition.acquired_at:%Y-%m-%d}"
        return f"{acquisition.instrument} {day}".strip()[:MAX_CHARS]
    return f"{acquisition.name[:MAX_CHARS]} · file {acquisition.pk}"
