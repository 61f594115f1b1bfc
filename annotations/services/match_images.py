"""Which of a project's frames an image of a foreign file is."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath

from annotations.models import Frame


@dataclass(frozen=True)
class Match:
    """`how` is "content" (SHA-256) or "name"; without a frame `problem` is a sentence."""

    name: str
    frame: Frame | None
    how: str = ""
    problem: str = ""


def match_images(*, project, images) -> dict:
    """{key of a CocoImage: Match}. By content first, else by file name if that is unique."""
    names = {_file_name(image.name) for image in images}
    hashes = {image.sha256 for image in images if image.sha256}
    frames = Frame.objects.filter(acquisition__project=project).ready().select_related("acquisition")
    by_content, by_name = {}, defaultdict(list)
    for frame in frames.filter(acquisition__sha256__in=hashes):
        by_content[frame.acquisition.sha256, frame.index] = frame
    for frame in frames.filter(acquisition__name__in=names):
        by_name[frame.acquisition.name].append(frame)
    return {image.key: _match(image, by_content, by_name) for image in images}


def _match(image, by_content, by_name):
    frame = by_content.get((image.sha256, image.frame_index or 0))
    how = "content" if frame else "name"
    if frame is None:
        candidates = by_name[_file_name(image.name)]
        if image.frame_index is not None:
            candidates = [frame for frame in candidates if frame.index == image.frame_index]
        if not candidates:
            return Match(image.name, None, problem="No image of this project has this content or name.")
        if len(candidates) > 1:
            return Match(image.name, None, problem="Several images of this project have this name.")
        frame = candidates[0]
    if (frame.width_px, frame.height_px) != (image.width, image.height):
        here = f"{frame.width_px} × {frame.height_px} px"
        return Match(
            image.name, None, problem=f"It is {image.width} × {image.height} px there and {here} here."
        )
    return Match(image.name, frame, how)


def _file_name(name):
    """Other programs write a path, and with either slash."""
    return PurePosixPath(name.replace("\\", "/")).name
