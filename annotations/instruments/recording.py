"""What a reader hands back: frames one at a time, pixel sizes as each reader tells them, metadata."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from annotations.instruments.agreement import Agreement, PixelSizeReading, agree


class Refusal(ValueError):  # noqa: N818 - a file refused is an answer, not a fault of ours
    """The file cannot become an image here; the message is one sentence for people.

    `told` is what it tells of other files: a list of dicts, JSON-safe and bounded.
    """

    def __init__(self, sentence, told=()):
        super().__init__(sentence)
        self.told = list(told)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a file may at most ask of us; checked on the header, before anything is allocated."""

    file_bytes: int = 64 * 2**30
    frame_pixels: int = 2**28  # 16,384 x 16,384
    side_pixels: int = 2**16
    frames: int = 20_000
    total_pixels: int = 2**36  # 4,096 frames of 4096 x 4096
    metadata_bytes: int = 2**18

    def check_file(self, size_bytes):
        if size_bytes == 0:
            raise Refusal("The file is empty; please export it again.")
        if size_bytes > self.file_bytes:
            raise Refusal(
                f"The file has {size_bytes:,} bytes, more than the {self.file_bytes:,} accepted here."
            )

    def check_frame(self, height_px, width_px):
        if height_px < 1 or width_px < 1:
            raise Refusal(f"The file says its image is {width_px} × {height_px} px, so there is no image.")
        if max(height_px, width_px) > self.side_pixels or height_px * width_px > self.frame_pixels:
            raise Refusal(
                f"The file says its image is {width_px:,} × {height_px:,} px, more than the "
                f"{self.frame_pixels:,} pixels accepted here; please crop or bin it."
            )

    def check_stack(self, n_frames, height_px, width_px):
        """Refuse a stack by what its header says, before a frame is read."""
        if n_frames < 1:
            raise Refusal("There is no image in the file.")
        if n_frames > self.frames:
            raise Refusal(
                f"The file says it has {n_frames:,} frames, more than the {self.frames:,} accepted here; "
                "please split it."
            )
        self.check_frame(height_px, width_px)
        if n_frames * height_px * width_px > self.total_pixels:
            raise Refusal(
                f"The file says it has {n_frames:,} frames of {width_px:,} × {height_px:,} px, more than the "
                f"{self.total_pixels:,} pixels accepted here; please split it."
            )


@dataclass(kw_only=True)
class Recording:
    """One file, opened.

    Attributes
    ----------
    frames : iterator of ndarray, shape (H, W)
        Real numbers in the file's own depth, native byte order; read one at a time, once.
    n_frames : int
        How many frames `frames` yields.
    reader : str
        Which library read it, e.g. "rosettasciio digitalmicrograph".
    titles : list of str
        A name a frame where the file has them; may be shorter than `n_frames`.
    readings : list of PixelSizeReading
        What each reader says of the pixel size; see `agreement`.
    unsizeable_reason : str
        Why no nm may be given for any frame, in one sentence; empty if none.
    unsizeable_frames : dict of int to str
        The same for single frames.
    fields : dict
        Those of `annotations.instruments.fields.FIELDS` that the file tells.
    metadata : dict
        All that was read, safe for JSON and bounded.
    notes : list of str
        Sentences a person should read, e.g. how color became one channel.
    """

    frames: Iterator[np.ndarray]
    n_frames: int
    reader: str
    titles: list[str] = field(default_factory=list)
    readings: list[PixelSizeReading] = field(default_factory=list)
    unsizeable_reason: str = ""
    unsizeable_frames: dict[int, str] = field(default_factory=dict)
    fields: dict = field(default_factory=dict)
    metadata: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def title(self, index):
        return self.titles[index] if index < len(self.titles) else ""

    def reason_unsizeable(self, index):
        """Why frame `index` may not be given in nm; empty if it may."""
        return self.unsizeable_reason or self.unsizeable_frames.get(index, "")

    def agreement(self, index) -> Agreement:
        """What the readers agree on for frame `index`: a pixel size, nothing, or a conflict."""
        if self.reason_unsizeable(index):
            return Agreement()
        return agree([r for r in self.readings if r.frame_index in (None, index)])

    def pixel_size_nm(self, index=0):
        """(x, y) in nm/px where all readers agree, else None: then only pixels may be given."""
        return self.agreement(index).pixel_size_nm
