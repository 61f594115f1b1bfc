"""What the import of a COCO file did, or would do: for people, for programs, and kept."""

from collections import Counter
from dataclasses import dataclass, field

from annotations.models import Frame
from annotations.services.match_images import Match

COUNTS = ["new", "present", "deleted", "unmatched", "simplified", "box_only"]


@dataclass
class ImportReport:
    """What a file would do, or did. `images`: (Match, annotations in the file) in the file's order."""

    images: list
    new_classes: list
    counts: Counter = field(default_factory=Counter)  # by COUNTS
    is_done: bool = False


def report_json(report) -> dict:
    """The report as the API gives it."""
    return {
        "is_done": report.is_done,
        **{name: report.counts[name] for name in COUNTS},
        "new_classes": report.new_classes,
        "images": [
            {
                "file_name": match.name,
                "frame": match.frame.pk if match.frame else None,
                "acquisition": match.frame.acquisition.name if match.frame else None,
                "frame_index": match.frame.index if match.frame else None,
                "matched_by": match.how or None,
                "problem": match.problem,
                "annotations": n,
            }
            for match, n in report.images
        ],
    }


def stored_report(kept: dict) -> ImportReport:
    """The report again from `report_json`'s answer; an image deleted since is said to be so."""
    wanted = [image["frame"] for image in kept["images"]]
    frames = Frame.objects.select_related("acquisition").in_bulk([pk for pk in wanted if pk])
    images = []
    for image in kept["images"]:
        frame = frames.get(image["frame"])
        was_deleted = image["frame"] and frame is None
        problem = "It was deleted since." if was_deleted else image["problem"]
        images.append(
            (Match(image["file_name"], frame, image["matched_by"] or "", problem), image["annotations"])
        )
    counts = Counter({name: kept[name] for name in COUNTS})
    return ImportReport(images, kept["new_classes"], counts, kept["is_done"])
