"""PNG and JPEG: Pillow, and imagecodecs for 16 bits, which Pillow would cut to 8 in color."""

import imagecodecs
import numpy as np
from PIL import Image

from annotations.instruments import axes, pixels
from annotations.instruments.recording import Recording, Refusal
from annotations.instruments.units import PRINT_RESOLUTION_NM

GREY = {"L", "1", "I", "I;16", "I;16B", "LA", "F"}


def read(path, name, limits):
    Image.MAX_IMAGE_PIXELS = None  # ours are checked on the next lines, before anything is decoded
    with Image.open(path, formats=["PNG", "JPEG"]) as image:
        limits.check_frame(image.height, image.width)
        mode, kind = image.mode, image.format
        info = {key: value for key, value in image.info.items() if key not in ("icc_profile", "exif")}
        is_deep = kind == "PNG" and _png_bits(path) == 16
    recording = Recording(
        frames=_frame(path, kind, is_deep),
        n_frames=1,
        reader="imagecodecs" if is_deep else "Pillow",
        metadata={"format": kind, "mode": mode, **info},
    )
    if mode not in GREY:
        recording.notes.append(pixels.COLOR_NOTE)
    if kind == "JPEG":
        recording.notes.append("JPEG loses detail and keeps 8 bits; sizes of small particles may suffer.")
    recording.readings += _readings(info, kind)
    return recording


def _frame(path, kind, is_deep):
    if is_deep:
        image = imagecodecs.png_decode(path.read_bytes())
        if image.ndim == 3:
            image = pixels.luminance(image) if image.shape[-1] >= 3 else image[..., 0]
        yield image
        return
    with Image.open(path, formats=[kind]) as image:
        image.load()
        if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
            yield np.asarray(image)
        elif image.mode == "1":
            yield np.asarray(image.convert("L")) > 0
        elif image.mode == "LA":
            yield np.asarray(image)[..., 0]
        else:
            yield pixels.luminance(np.asarray(image.convert("RGB")))


def _png_bits(path):
    with path.open("rb") as file:
        head = file.read(26)
    if len(head) < 26:
        raise Refusal("The PNG breaks off in its header; please copy it again.")
    return head[24]


def _readings(info, kind):
    """A PNG may tell pixels per metre; what a printer or a screen has (72, 96, 300 dpi) is no calibration."""
    dpi = info.get("dpi")
    if kind != "PNG" or not dpi or min(dpi) <= 0:
        return []
    sizes_nm = [2.54e7 / float(value) for value in dpi]
    if max(sizes_nm) > PRINT_RESOLUTION_NM:
        return []
    x, y = ((size, "nm") for size in sizes_nm)
    return axes.judge(x, y, reader="Pillow", detail="pHYs of the PNG").readings
