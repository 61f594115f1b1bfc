"""A frame with pixels, stored as an import would store them."""

from annotations.display import tiles
from annotations.services.pixels import tiles_path
from tests.factories import make_frame


def make_stored_frame(acquisition, image, **over):
    height, width = image.shape
    frame = make_frame(acquisition, width_px=width, height_px=height, dtype=image.dtype.name, **over)
    info = tiles.write_tiles(image, tiles_path(frame))
    for name in ("value_offset", "value_step", "value_min", "value_max", "is_exact"):
        setattr(frame, name, getattr(info, name))
    frame.save()
    return frame
