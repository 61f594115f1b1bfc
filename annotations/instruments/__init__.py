"""Read the files of electron microscopes: frames, pixel sizes, metadata; loud refusals.

from annotations import instruments
recording = instruments.read(path, name="as uploaded.dm4", limits=instruments.Limits())
for index, image in enumerate(recording.frames):      # ndarray (H, W), lazily
    recording.pixel_size_nm(index)                     # (x, y) nm/px, or None
"""

from annotations.instruments.agreement import Agreement, PixelSizeReading, agree
from annotations.instruments.reading import read
from annotations.instruments.recording import Limits, Recording, Refusal

__all__ = ["Agreement", "Limits", "PixelSizeReading", "Recording", "Refusal", "agree", "read"]
