"""Where a frame's pixels are kept, and how they are read back."""

from annotations.display import tiles
from annotations.services import kept
from annotations.services.storage import frame_name

PACK = "tiles.u16"
EXACT = tiles.exact_path(PACK).name


def tiles_path(frame):
    """Path of a frame's tile pack on this machine, by the frame or its key."""
    return kept.local(f"{frame_name(getattr(frame, 'pk', frame))}/{PACK}")


def pixels_path(frame):
    """The same, with the pixels of more than 16 bits, where there are such, beside it."""
    path = tiles_path(frame)
    if kept.is_remote() and path.exists() and not tiles.read_info(path).is_exact:
        kept.local(f"{frame_name(getattr(frame, 'pk', frame))}/{EXACT}")
    return path


def frame_pixels(frame):
    """The frame's original pixels, bit for bit: ndarray (height, width) of the original type."""
    return tiles.read_pixels(pixels_path(frame))
