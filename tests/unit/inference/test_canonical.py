"""Frames as networks see them: windows that are those of the whole, tiles without seams."""

import numpy as np
import pytest

from mlcore.data.sampling import normalised, resampled
from mlcore.inference.canonical import Canonical
from mlcore.inference.tiling import CONTEXT_PX, WINDOW_PX, predicted, windows


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:300, :420]
    return (np.sin(x / 17) * np.cos(y / 23) + 0.1 * rng.standard_normal((300, 420))).astype(np.float32)


@pytest.mark.parametrize("zoom", [1.0, 0.5, 0.37, 1.7])
def test_a_window_is_a_piece_of_the_whole_frame_resampled_and_normalised(frame, zoom):
    canonical = Canonical(frame, zoom)
    whole, zoom_xy = resampled(frame, zoom)
    assert canonical.shape == whole.shape
    assert canonical.zoom_xy == pytest.approx(zoom_xy)
    height, width = whole.shape
    rows, columns = slice(height // 5, height // 2), slice(width // 3, width)
    piece = canonical.window(rows, columns)
    assert piece.dtype == np.float32
    assert np.abs(piece - canonical.window(slice(0, height), slice(0, width))[rows, columns]).max() < 1e-4
    assert np.abs(piece - normalised(whole)[rows, columns]).max() < 0.05  # levels from fewer pixels there


def test_levels_are_the_whole_frames_not_the_windows(frame):
    frame = frame.copy()
    frame[:, 210:] *= 0.01  # an empty half must not be blown up to look like the other
    canonical = Canonical(frame, 1.0)
    full, empty = (canonical.window(slice(0, 300), span) for span in (slice(0, 210), slice(210, 420)))
    assert empty.std() < 0.15 * full.std()  # by itself it would have as much


@pytest.mark.parametrize("shape", [(8, 8), (2048, 2048), (200, 30_000), (4100, 1700)])
def test_cores_tile_the_frame_and_windows_are_bounded(shape):
    covered = np.zeros([max(side // 4, 1) for side in shape], np.int8)
    for window, core in windows(shape):
        for wide, narrow, side in zip(window, core, shape, strict=True):
            assert wide.stop - wide.start <= WINDOW_PX + 2 * CONTEXT_PX
            assert 0 <= wide.start <= narrow.start < narrow.stop <= wide.stop <= side
            assert narrow.start - wide.start == min(CONTEXT_PX, narrow.start)
        covered[tuple(slice(-(-span.start // 4), -(-span.stop // 4)) for span in core)] += 1
    assert (covered[: shape[0] // 4, : shape[1] // 4] == 1).all()


def test_tiles_fade_into_each_other_without_a_seam(frame):
    def run(batch):  # of even weight everywhere: what a tile's place changes must not be seen
        return np.concatenate([batch * 2, batch - 1], axis=1)

    maps = predicted(frame, run, 2, tile_px=128, overlap_px=32)
    assert np.abs(maps[0] - 2 * frame).max() < 1e-4
    assert np.abs(maps[1] - (frame - 1)).max() < 1e-4


def test_a_tile_that_answers_otherwise_shows_no_step():
    calls = []

    def run(batch):
        calls.append(batch.shape)
        return np.full((1, 1, *batch.shape[2:]), float(len(calls) % 2), np.float32)

    maps = predicted(np.zeros((96, 700), np.float32), run, 1, tile_px=128, overlap_px=32)
    assert len(calls) > 3
    assert np.abs(np.diff(maps[0], axis=1)).max() < 0.15


@pytest.mark.parametrize("shape", [(3, 5), (31, 33), (1, 400)])
def test_a_frame_smaller_than_a_networks_grid_goes_through(shape):
    frame = np.random.default_rng(1).standard_normal(shape).astype(np.float32)

    def run(batch):
        assert not any(side % 32 for side in batch.shape[2:])
        return batch

    assert np.array_equal(predicted(frame, run, 1)[0], frame)
