"""A frame as networks see it, at another sampling and in grey levels of its own spread, window by window."""

import numpy as np
from PIL import Image

from mlcore.data.sampling import grey_levels, levelled

SAMPLE_PX = 1024  # of a frame larger than this a side, levels are taken from windows
SAMPLE_WINDOWS = 5  # a side
MARGIN_PX = 4  # around a window, of the frame's own pixels: what an averaging kernel reaches to


class Canonical:
    """A frame (H, W) float32 at `zoom` times its sampling.

    Nothing larger than a window is ever made, so a frame of any size takes the memory of a window. Grey
    levels are those of the whole frame: normalising each window by itself would show particles in empty ones.
    """

    def __init__(self, image, zoom):
        height, width = image.shape
        self.image = image
        self.shape = max(round(height * zoom), 1), max(round(width * zoom), 1)
        self.zoom_xy = np.array([self.shape[1] / width, self.shape[0] / height])
        self.levels = grey_levels(self._sample())

    def window(self, rows, columns):
        """Slices of the canonical grid -> float32 of that shape, normalised."""
        return levelled(self._resampled(rows, columns), self.levels)

    def _sample(self):
        spans = []
        for side in self.shape:
            if side <= SAMPLE_PX:
                spans.append([slice(0, side)])
                continue
            length = SAMPLE_PX // SAMPLE_WINDOWS
            starts = np.linspace(0, side - length, SAMPLE_WINDOWS).astype(int).tolist()
            spans.append([slice(start, start + length) for start in starts])
        return np.concatenate(
            [self._resampled(rows, columns).ravel() for rows in spans[0] for columns in spans[1]]
        )

    def _resampled(self, rows, columns):
        if self.shape == self.image.shape:
            return self.image[rows, columns]
        box, cut = [], []
        for span, zoom, side in zip((columns, rows), self.zoom_xy, self.image.shape[::-1], strict=True):
            low, high = span.start / zoom, span.stop / zoom
            reach = MARGIN_PX + int(np.ceil(1 / zoom))
            first, last = max(int(low) - reach, 0), min(int(np.ceil(high)) + reach, side)
            cut.append(slice(first, last))
            box.append((low - first, min(high - first, last - first)))
        piece = Image.fromarray(np.ascontiguousarray(self.image[cut[1], cut[0]]))
        size = columns.stop - columns.start, rows.stop - rows.start
        (left, right), (top, bottom) = box
        return np.asarray(piece.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)))
