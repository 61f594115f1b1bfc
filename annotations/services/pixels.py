"""Where a frame's pixels are kept, and how they are read back."""

from django.conf import settings

from annotations.display import tiles


def tiles_path(frame):
    """Path of the frame's tile pack; the exact pixels of more than 16 bits lie beside it."""
    return settings.STORAGE_DIR / "frames" / str(frame.pk) / "tiles.u16"


def frame_pixels(frame):
    """The frame's original pixels, bit for bit: ndarray (height, width) of the original type."""
    return tiles.read_pixels(tiles_path(frame))


def store_frame_pixels(*, frame, image):
    """Write the frame's tile pack and set the frame's columns from it; the caller saves the row.

    Raises
    ------
    ValueError
        If the image cannot be shown, such as one of complex numbers.
    """
    info = tiles.write_tiles(image, tiles_path(frame))
    frame.width_px, frame.height_px, frame.dtype = info.width, info.height, info.dtype
    frame.value_offset, frame.value_step = info.value_offset, info.value_step
    frame.value_min, frame.value_max = info.value_min, info.value_max
    frame.is_exact = info.is_exact
    return info
