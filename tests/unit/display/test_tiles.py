import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from annotations.display import tiles
from annotations.display.pyramid import TILE_PX, halve, levels

ANY_TYPES = [np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64]
SMALL_TYPES = ["bool", "uint8", "int8", "uint16", "int16", ">u2", ">i2"]


@pytest.fixture
def pack(tmp_path):
    return tmp_path / "frames" / "7" / "tiles.u16"


def noise(shape, dtype, seed=0):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.random.default_rng(seed).integers(0, 2, shape).astype(bool)
    limits = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(limits.min, limits.max, shape, endpoint=True).astype(dtype)


@pytest.mark.parametrize("dtype", SMALL_TYPES)
def test_pixels_up_to_16_bits_come_back_bit_for_bit(pack, dtype):
    image = noise((700, 1030), dtype)
    info = tiles.write_tiles(image, pack)
    pixels = tiles.read_pixels(pack)
    assert info.is_exact
    assert not tiles.exact_path(pack).exists()
    assert pixels.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(pixels, image)


@given(image=npst.arrays(st.sampled_from(ANY_TYPES), st.tuples(st.integers(1, 12), st.integers(1, 12))))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pixels_come_back_bit_for_bit(tmp_path, image):
    pack = tmp_path / "tiles.u16"
    tiles.write_tiles(image, pack)
    pixels = tiles.read_pixels(pack)
    assert pixels.dtype == image.dtype
    assert pixels.tobytes() == image.tobytes()  # -0.0 and every not-a-number too


def test_a_code_stands_for_offset_plus_step_times_code(pack):
    image = np.linspace(-3.25, 7.5, 40_000, dtype=np.float32).reshape(200, 200)
    info = tiles.write_tiles(image, pack)
    shown = info.value_offset + info.value_step * tiles.read_level(pack, 0)
    assert not info.is_exact
    assert (info.value_min, info.value_max) == (-3.25, 7.5)
    np.testing.assert_allclose(shown, image, atol=info.value_step / 2 + 1e-6)


def test_whole_numbers_in_floats_and_32_bits_stay_exact_where_16_bits_reach(pack):
    counts = np.random.default_rng(1).poisson(900, (64, 64))
    for image in (
        counts.astype(np.float32),
        counts.astype(np.int32) - 70_000,
        counts.astype(np.uint32) + 2**31,
    ):
        info = tiles.write_tiles(image, pack)
        assert info.is_exact, image.dtype
        np.testing.assert_array_equal(tiles.read_pixels(pack), image)


def test_a_hot_pixel_does_not_eat_the_grey_levels(pack):
    image = np.random.default_rng(2).normal(100, 10, (512, 512)).astype(np.float32)
    image[3, 4] = 1e9
    info = tiles.write_tiles(image, pack)
    assert info.value_max == 1e9
    assert len(np.unique(tiles.read_level(pack, 0))) > 4000
    assert tiles.read_value(pack, 4, 3) == 1e9


def test_not_a_number_and_infinity_are_kept_and_shown_at_the_ends(pack):
    image = np.ones((20, 30), np.float32)
    image[0], image[1, 0], image[1, 1], image[1, 2] = np.arange(30), np.nan, np.inf, -np.inf
    info = tiles.write_tiles(image, pack)
    codes = tiles.read_level(pack, 0)
    assert (info.value_min, info.value_max, info.is_exact) == (0, 29, False)
    assert codes[1, :3].tolist() == [0, 65535, 0]
    assert np.isnan(tiles.read_value(pack, 0, 1))
    assert tiles.read_value(pack, 1, 1) == np.inf


@pytest.mark.parametrize("value", [0, 5, -1.5, 1e300, np.nan])
def test_a_constant_image_can_be_shown(pack, value):
    info = tiles.write_tiles(np.full((3, 5), value), pack)
    assert info.value_step > 0
    np.testing.assert_array_equal(tiles.read_pixels(pack), np.full((3, 5), value))


def test_a_level_is_the_box_mean_of_the_one_before(pack):
    image = noise((1301, 2055), "uint16")
    info = tiles.write_tiles(image, pack)
    expected = image
    assert [(level.width, level.height) for level in info.levels] == [
        (2055, 1301),
        (1028, 651),
        (514, 326),
        (257, 163),
    ]
    for number in range(len(info.levels)):
        np.testing.assert_array_equal(tiles.read_level(pack, number), expected)
        expected = halve(expected)


def test_halving_takes_the_mean_rounded_half_up_and_keeps_odd_edges():
    image = np.array([[0, 1, 10], [2, 3, 20], [65535, 65535, 7]], np.uint16)
    np.testing.assert_array_equal(halve(image), [[2, 15], [65535, 7]])


def test_a_tile_is_its_part_of_the_image(pack):
    image = noise((1100, 1300), "uint16")
    tiles.write_tiles(image, pack)
    for column, row, height, width in ((0, 0, 512, 512), (2, 0, 512, 276), (0, 2, 76, 512), (2, 2, 76, 276)):
        tile = np.frombuffer(tiles.read_tile(pack, 0, column, row), "<u2").reshape(height, width)
        top, left = row * TILE_PX, column * TILE_PX
        np.testing.assert_array_equal(tile, image[top : top + height, left : left + width])


@pytest.mark.parametrize("place", [(0, 3, 0), (0, 0, 3), (2, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_a_tile_that_is_not_there_is_refused(pack, place):
    tiles.write_tiles(noise((700, 900), "uint8"), pack)
    with pytest.raises(ValueError, match="level"):
        tiles.read_tile(pack, *place)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((0, 5)), "rows and columns"),
        (np.zeros((2, 3, 4)), "rows and columns"),
        (np.zeros((4, 4), complex), "integers or real numbers"),
        (np.full((2, 2), "a"), "integers or real numbers"),
    ],
)
def test_what_is_no_image_is_refused_and_leaves_nothing(pack, image, words):
    with pytest.raises(ValueError, match=words):
        tiles.write_tiles(image, pack)
    assert not pack.parent.exists()


def test_a_failed_write_leaves_the_old_pack_and_no_scraps(pack):
    tiles.write_tiles(np.full((9, 9), 4, np.uint8), pack)

    class Broken(np.ndarray):
        def __getitem__(self, key):
            raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        tiles.write_tiles(np.zeros((9, 9), np.uint8).view(Broken), pack)
    assert [file.name for file in pack.parent.iterdir()] == ["tiles.u16"]
    assert tiles.read_value(pack, 0, 0) == 4


def test_another_file_is_told_from_a_pack(tmp_path):
    other = tmp_path / "other.u16"
    other.write_bytes(b"II*\0" * 2000)
    with pytest.raises(ValueError, match="no tile pack"):
        tiles.read_tile(other, 0, 0, 0)


def test_counts_and_percentiles_are_of_all_pixels(pack):
    image = np.arange(10_000, dtype=np.uint16).reshape(100, 100)
    info = tiles.write_tiles(image, pack)
    counts = tiles.read_counts(pack)
    assert counts[:10_000].min() == counts[:10_000].max() == 1
    assert counts.sum() == 10_000
    # The smallest value with at least p percent of the pixels at or below it.
    assert info.percentiles == {
        "0.1": 9,
        "0.5": 49,
        "1": 99,
        "50": 4999,
        "99": 9899,
        "99.5": 9949,
        "99.9": 9989,
    }


@pytest.mark.slow
def test_a_large_image_is_never_in_memory_as_a_whole(tmp_path, pack):
    side = 8192  # 128 MiB of uint16
    image = np.lib.format.open_memmap(tmp_path / "image.npy", "w+", np.uint16, (side, side))
    image[::7, ::5] = 900
    tracemalloc.start()  # NumPy reports to it; pages of a mapped file are the system's to drop
    try:
        tiles.write_tiles(image, pack)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20


@given(st.integers(1, 40_000), st.integers(1, 40_000))
def test_tiles_fill_each_level_without_gap_or_overlap(width, height):
    end = 0
    for level in levels(width, height):
        corners = [(0, 0), (level.columns - 1, 0), (0, level.rows - 1), (level.columns - 1, level.rows - 1)]
        assert level.offset == end
        assert level.tile(0, 0)[0] == end
        end += 2 * level.width * level.height
        offset, tile_height, tile_width = level.tile(*corners[-1])
        assert offset + 2 * tile_height * tile_width == end
    assert level.columns == level.rows == 1
