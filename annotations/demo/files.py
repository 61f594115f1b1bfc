"""The demo's files: 16-bit TIFFs with the calibration tag an instrument's export has, one of them without."""

from typing import NamedTuple

import numpy as np
import tifffile

from annotations.demo import micrographs


class DemoFile(NamedTuple):
    name: str
    draw: object
    pixel_size_nm: float | None


FILES = [
    DemoFile("Au on carbon, BF-TEM.tif", micrographs.gold_on_carbon, 0.22),
    DemoFile("Pt on ceria, HAADF.tif", micrographs.platinum_on_ceria, 0.11),
    DemoFile("Au sintering in H2, movie.tif", micrographs.sintering_movie, 0.35),
    DemoFile("Nanotubes and polymer, no calibration.tif", micrographs.tubes_and_polymer, None),
]


def write_file(demo: DemoFile, path):
    """Draw and write one file in ImageJ's dialect of TIFF, whose scale is the resolution tag plus a unit."""
    pixels = np.asarray(demo.draw())
    metadata = {"axes": "TYX" if pixels.ndim == 3 else "YX"}
    scale = {}
    if demo.pixel_size_nm:
        metadata["unit"] = "nm"
        scale = {"resolution": (1 / demo.pixel_size_nm,) * 2, "resolutionunit": "NONE"}
    tifffile.imwrite(path, pixels, imagej=True, metadata=metadata, **scale)
