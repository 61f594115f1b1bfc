"""A network over frames of any size: overlapping tiles, blended, of bounded memory."""

import numpy as np

TILE_PX = 512
OVERLAP_PX = 64
MULTIPLE = 32  # five halvings


def predicted(frame, run, n_channels, *, tile_px=TILE_PX, overlap_px=OVERLAP_PX, on_step=None):
    """Maps (C, H, W) float32 of a frame (H, W) by `run`, which takes and gives (1, 1 or C, h, w).

    Frames up to a tile and a half go through whole. Others are cut into tiles whose outputs fade into each
    other over the overlap, so that no seam shows; grey levels were normalised over the whole frame before.
    """
    height, width = frame.shape
    if max(height, width) <= tile_px * 3 // 2:
        return _whole(frame, run)
    total = np.zeros((n_channels, height, width), np.float32)
    weight = np.zeros((height, width), np.float32)
    places = [
        (row, column)
        for row in _starts(height, tile_px, overlap_px)
        for column in _starts(width, tile_px, overlap_px)
    ]
    for done, (row, column) in enumerate(places, start=1):
        tile = frame[row : row + tile_px, column : column + tile_px]
        fade = np.minimum.outer(_ramp(tile.shape[0], overlap_px), _ramp(tile.shape[1], overlap_px))
        rows, columns = slice(row, row + tile.shape[0]), slice(column, column + tile.shape[1])
        total[:, rows, columns] += _whole(tile, run) * fade
        weight[rows, columns] += fade
        if on_step:
            on_step(done / len(places))
    return total / weight


def _whole(frame, run):
    height, width = frame.shape
    pad = [(0, -side % MULTIPLE) for side in frame.shape]
    padded = np.pad(frame, pad, mode="symmetric") if any(end for _, end in pad) else frame
    return run(padded[None, None])[0][:, :height, :width]


def _starts(length, tile_px, overlap_px):
    if length <= tile_px:
        return [0]
    n = int(np.ceil((length - overlap_px) / (tile_px - overlap_px)))
    return np.rint(np.linspace(0, length - tile_px, n)).astype(int).tolist()


def _ramp(length, overlap_px):
    """1 inside, falling to nearly 0 at both ends like half a Hann window."""
    ramp = np.ones(length, np.float32)
    rise = np.sin(np.linspace(0, np.pi / 2, overlap_px + 2)[1:-1]) ** 2
    ramp[: len(rise)] = np.minimum(ramp[: len(rise)], rise[:length])
    ramp[-len(rise) :] = np.minimum(ramp[-len(rise) :], rise[::-1][-length:])
    return np.maximum(ramp, 1e-3)
