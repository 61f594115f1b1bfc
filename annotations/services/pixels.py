"""Where a frame's pixels are kept, and how they are read back."""

from django.conf import settings

from annotations.display import tiles


def tiles_path(frame):
    """Path of a frame's tile pack, by the frame or its key; pixels of more than 16 bits lie beside it."""
    return settings.STORAGE_DIR / "frames" / str(getattr(frame, "pk", frame)) / "tiles.u16"


def frame_pixels(frame):
    """The frame's original pixels, bit for bit: ndarray (height, width) of the original type."""
    return tiles.read_pixels(tiles_path(frame))
