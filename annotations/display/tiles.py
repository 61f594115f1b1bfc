"""The tile pack of an image: one file with a 16-bit pyramid, its coding and the counts of its codes.

Layout: a header of HEADER_BYTES (magic, then JSON, padded with spaces); the tiles of level 0 row by row, then
those of level 1, ...; 65,536 counts as little-endian uint32. Codes are little-endian uint16. Where codes are
not exact, a NumPy file beside the pack holds the pixels themselves.
"""

import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from annotations.display.coding import N_CODES, choose_coding
from annotations.display.intensities import PERCENTS, percentile_codes
from annotations.display.pyramid import TILE_PX, halve, levels

MAGIC = b"etemweb tiles 1\n"
HEADER_BYTES = 4096
CODES = np.dtype("<u2")
COUNTS = np.dtype("<u4")
COUNT_ROWS = 64  # rows counted together: a band that stays in the processor's cache is twice as fast


@dataclass(frozen=True)
class TileInfo:
    """What a pack says of its image. A value is `value_offset + value_step * code`.

    `percentiles` maps a percent, as a string, to a value: exact where `is_exact`, else to one `value_step`.
    """

    width: int
    height: int
    dtype: str
    value_offset: float
    value_step: float
    value_min: float
    value_max: float
    is_exact: bool
    percentiles: dict

    @property
    def levels(self):
        return levels(self.width, self.height)

    def code(self, value):
        """The nearest code of a value."""
        return int(np.clip(np.rint((value - self.value_offset) / self.value_step), 0, N_CODES - 1))


def exact_path(path):
    """Where the pixels of the pack at `path` lie if its codes are not exact."""
    return Path(path).with_suffix(".exact.npy")


def write_tiles(image, path):
    """Write the tile pack of an image, whole or not at all.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Booleans, integers or floats; may be a memory map: it is read in bands, twice.
    path : path-like
        File to write; its folder is made if need be. What was there is replaced in one step.

    Returns
    -------
    TileInfo

    Raises
    ------
    ValueError
        If the image has not two dimensions, is empty, or is not of integers or real numbers.
    """
    path = Path(path)
    coding = choose_coding(image)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    pixels_part = part.with_suffix(".exact.part")
    try:
        with part.open("wb") as file:
            counts = _write_levels(file, image, coding)
            found = coding.values(percentile_codes(counts))
            info = TileInfo(
                width=image.shape[1],
                height=image.shape[0],
                dtype=image.dtype.newbyteorder("=").name,
                value_offset=coding.offset,
                value_step=coding.step,
                value_min=coding.value_min,
                value_max=coding.value_max,
                is_exact=coding.is_exact,
                percentiles={f"{percent:g}": float(v) for percent, v in zip(PERCENTS, found, strict=True)},
            )
            file.seek(0)
            file.write((MAGIC + json.dumps(asdict(info)).encode()).ljust(HEADER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        if not coding.is_exact:
            with pixels_part.open("wb") as file:
                np.save(file, image, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
            pixels_part.replace(exact_path(path))
        part.replace(path)  # last: who finds the pack finds all that belongs to it
    finally:
        part.unlink(missing_ok=True)
        pixels_part.unlink(missing_ok=True)
    return info


def read_info(path):
    """What the pack at `path` says of its image.

    Raises
    ------
    ValueError
        If the file is no tile pack.
    FileNotFoundError
        If there is none.
    """
    with Path(path).open("rb") as file:
        return _read_header(file)


def read_tile(path, level, column, row):
    """One tile's codes, as bytes of little-endian uint16, row by row.

    Raises
    ------
    ValueError
        If the pyramid has no such level or tile.
    """
    with Path(path).open("rb") as file:
        found = _read_header(file).levels
        if not 0 <= level < len(found):
            raise ValueError(f"This image has levels 0 to {len(found) - 1}; there is no level {level}.")
        offset, height, width = found[level].tile(column, row)
        file.seek(HEADER_BYTES + offset)
        return file.read(CODES.itemsize * height * width)


def read_level(path, level):
    """All codes of one level as an image, shape (H, W), uint16; negative levels count from the smallest."""
    info = read_info(path)
    chosen = info.levels[level]
    codes = np.empty((chosen.height, chosen.width), np.uint16)
    stored = np.memmap(path, CODES, "r", HEADER_BYTES + chosen.offset, chosen.width * chosen.height)
    for row in range(chosen.rows):
        for column in range(chosen.columns):
            offset, height, width = chosen.tile(column, row)
            start = (offset - chosen.offset) // CODES.itemsize
            top, left = row * TILE_PX, column * TILE_PX
            tile = stored[start : start + height * width].reshape(height, width)
            codes[top : top + height, left : left + width] = tile
    return codes


def read_counts(path):
    """How many pixels have each code: ndarray of int, shape (65536,)."""
    with Path(path).open("rb") as file:
        _read_header(file)
        file.seek(-N_CODES * COUNTS.itemsize, os.SEEK_END)
        return np.frombuffer(file.read(), COUNTS).astype(np.int64)


def read_pixels(path):
    """The original pixels, bit for bit, in their original type.

    Returns
    -------
    ndarray, shape (H, W)
        A read-only memory map where the pixels lie beside the pack, an array in memory where codes give them.
    """
    info = read_info(path)
    if not info.is_exact:
        return np.load(exact_path(path), mmap_mode="r", allow_pickle=False)
    codes, dtype = read_level(path, 0), np.dtype(info.dtype)
    if dtype == np.uint16:
        return codes
    if info.value_offset == 0:
        return codes.astype(dtype)
    return (codes.astype(np.int64) + int(info.value_offset)).astype(dtype)


def read_value(path, column, row):
    """The original value of one pixel: int, float or bool, never rounded.

    Raises
    ------
    ValueError
        If the image has no such pixel.
    """
    info = read_info(path)
    if not (0 <= column < info.width and 0 <= row < info.height):
        raise ValueError(f"The image is {info.width} x {info.height} px; it has no pixel ({column}, {row}).")
    if not info.is_exact:
        return read_pixels(path)[row, column].item()
    tile = read_tile(path, 0, column // TILE_PX, row // TILE_PX)
    _, _, width = info.levels[0].tile(column // TILE_PX, row // TILE_PX)
    code = np.frombuffer(tile, CODES)[(row % TILE_PX) * width + column % TILE_PX]
    return np.dtype(info.dtype).type(int(code) + int(info.value_offset)).item()


def _read_header(file):
    header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise ValueError(f"{file.name} is no tile pack.")
    return TileInfo(**json.loads(header[len(MAGIC) :]))


def _write_levels(file, image, coding):
    """Write all levels in one pass over the image, band by band; give the counts of its codes."""
    pyramid = levels(image.shape[1], image.shape[0])
    counts = np.zeros(N_CODES, np.int64)
    waiting = [[] for _ in pyramid]  # per level: rows that do not fill a row of tiles yet
    for top in range(0, image.shape[0], TILE_PX):
        codes = coding.encode(np.asarray(image[top : top + TILE_PX]))
        for start in range(0, len(codes), COUNT_ROWS):
            counts += np.bincount(codes[start : start + COUNT_ROWS].ravel(), minlength=N_CODES)
        is_last = top + TILE_PX >= image.shape[0]
        _add_rows(file, pyramid, waiting, 0, top, codes, is_last)
    end = HEADER_BYTES + pyramid[-1].offset + pyramid[-1].n_bytes
    file.seek(end)
    file.write(counts.astype(COUNTS))
    return counts


def _add_rows(file, pyramid, waiting, index, top, rows, is_last):
    """Take rows of a level, from row `top`; once they fill a row of tiles, write them and pass them on."""
    waiting[index].append(rows)
    if sum(map(len, waiting[index])) < TILE_PX and not is_last:
        return
    band = waiting[index][0] if len(waiting[index]) == 1 else np.concatenate(waiting[index])
    waiting[index] = []
    level, tile_row = pyramid[index], (top + len(rows) - 1) // TILE_PX
    for column in range(level.columns):
        offset, _, _ = level.tile(column, tile_row)
        file.seek(HEADER_BYTES + offset)
        left = column * TILE_PX
        file.write(np.ascontiguousarray(band[:, left : left + TILE_PX], CODES))
    if index + 1 < len(pyramid):
        _add_rows(file, pyramid, waiting, index + 1, tile_row * TILE_PX // 2, halve(band), is_last)
