"""A network over frames of any size, in bounded memory: tiles that fade into each other, window by window."""

from itertools import pairwise

import numpy as np

TILE_PX = 768  # of the network at once
OVERLAP_PX = 64  # in which tiles fade into each other
MULTIPLE = 32  # five halvings
WINDOW_PX = 2048  # whose maps are in memory together
CONTEXT_PX = 192  # around a window's own part: what is found there belongs to the neighbour


def windows(shape):
    """(window, core) of a frame (H, W): slices (rows, columns) to look at, and those whose finds count.

    Cores tile the frame; windows reach CONTEXT_PX further, so that a particle on a core's edge is seen whole.
    """
    spans = [list(_cores(side)) for side in shape]
    for rows in spans[0]:
        for columns in spans[1]:
            core = rows, columns
            yield tuple(_widened(one, side) for one, side in zip(core, shape, strict=True)), core


def predicted(frame, run, n_channels, *, tile_px=TILE_PX, overlap_px=OVERLAP_PX):
    """Maps (C, H, W) float32 of a frame (H, W) by `run`, which takes (1, 1, h, w) and gives (1, C, h, w).

    Frames up to a tile and a half go through whole. Others are cut into tiles whose outputs fade into each
    other over the overlap, so that no seam shows.
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
    for row, column in places:
        tile = frame[row : row + tile_px, column : column + tile_px]
        fade = np.multiply.outer(_ramp(tile.shape[0], overlap_px), _ramp(tile.shape[1], overlap_px))
        rows, columns = slice(row, row + tile.shape[0]), slice(column, column + tile.shape[1])
        total[:, rows, columns] += _whole(tile, run) * fade
        weight[rows, columns] += fade
    total /= weight
    return total


def _whole(frame, run):
    height, width = frame.shape
    pad = [(0, -side % MULTIPLE) for side in frame.shape]
    # Mirrored about the edge pixel's border as often as it takes: a frame may be narrower than its padding.
    padded = np.pad(frame, pad, mode="symmetric") if any(end for _, end in pad) else frame
    return run(padded[None, None])[0][:, :height, :width]


def _cores(side):
    n = max(-(-(side - 2 * CONTEXT_PX) // (WINDOW_PX - 2 * CONTEXT_PX)), 1)
    edges = np.rint(np.linspace(0, side, n + 1)).astype(int).tolist()
    return (slice(a, b) for a, b in pairwise(edges))


def _widened(span, side):
    return slice(max(span.start - CONTEXT_PX, 0), min(span.stop + CONTEXT_PX, side))


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
