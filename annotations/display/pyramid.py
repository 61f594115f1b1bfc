"""Geometry of the tile pyramid: which levels there are, and where in the file each tile lies.

Level 0 is the full image; level k is it halved k times, odd sides rounded up; the last level fits one tile.
Tiles are not padded: those at the right and lower edge are as narrow and low as the image is, so the place of
a tile follows from the image's size alone and no index is needed.
"""

from dataclasses import dataclass

import numpy as np

TILE_PX = 512
CODE_BYTES = 2


@dataclass(frozen=True)
class Level:
    """One level of a pyramid; `offset` is in bytes from the first tile of level 0."""

    width: int
    height: int
    offset: int

    @property
    def columns(self):
        return -(-self.width // TILE_PX)

    @property
    def rows(self):
        return -(-self.height // TILE_PX)

    @property
    def n_bytes(self):
        return self.width * self.height * CODE_BYTES

    def tile(self, column, row):
        """Offset in bytes, height and width of a tile.

        Raises
        ------
        ValueError
            If the level has no such tile.
        """
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            raise ValueError(
                f"This level has {self.columns} x {self.rows} tiles, none at column {column}, row {row}."
            )
        left, top = column * TILE_PX, row * TILE_PX
        height, width = min(TILE_PX, self.height - top), min(TILE_PX, self.width - left)
        return self.offset + CODE_BYTES * (top * self.width + left * height), height, width


def levels(width, height):
    """All levels of an image's pyramid, level 0 first.

    Parameters
    ----------
    width, height : int
        Size of the image in pixels, at least 1.

    Returns
    -------
    list of Level
    """
    found, offset = [], 0
    while True:
        level = Level(width, height, offset)
        found.append(level)
        if width <= TILE_PX and height <= TILE_PX:
            return found
        offset += level.n_bytes
        width, height = -(-width // 2), -(-height // 2)


def halve(band):
    """Box mean over 2 x 2 pixels, rounded half up; a lone last row or column is averaged with itself.

    Parameters
    ----------
    band : ndarray of uint16, shape (H, W)

    Returns
    -------
    ndarray of uint16, shape (ceil(H / 2), ceil(W / 2))
    """
    if band.shape[0] % 2:
        band = np.concatenate([band, band[-1:]])
    if band.shape[1] % 2:
        band = np.concatenate([band, band[:, -1:]], axis=1)
    rows = band[0::2].astype(np.uint32)
    rows += band[1::2]
    return ((rows[:, 0::2] + rows[:, 1::2] + 2) >> 2).astype(np.uint16)
