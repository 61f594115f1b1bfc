from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from annotations.display.thumbnail import thumbnail
from annotations.display.tiles import write_tiles


def opened(png):
    picture = Image.open(BytesIO(png))
    assert (picture.format, picture.mode) == ("PNG", "L")
    return np.asarray(picture)


@pytest.mark.parametrize(
    ("shape", "size"), [((2048, 1024), (256, 128)), ((100, 60), (100, 60)), ((1, 1), (1, 1))]
)
def test_the_longest_side_is_at_most_256_px(shape, size):
    assert opened(thumbnail(np.zeros(shape, np.uint16))).shape == size


def test_a_12_bit_image_uses_all_greys():
    ramp = np.tile(np.linspace(1000, 1400, 256).astype(np.uint16), (256, 1))
    picture = opened(thumbnail(ramp))
    assert (picture.min(), picture.max()) == (0, 255)
    assert (np.diff(picture[0].astype(int)) >= 0).all()


def test_a_hot_pixel_does_not_make_it_black():
    image = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (256, 1))
    image[0, 0] = 1e12
    assert 100 < opened(thumbnail(image)).mean() < 155


def test_from_the_pack_it_looks_as_from_the_image(tmp_path):
    image = np.random.default_rng(0).normal(100, 3, (700, 900)).astype(np.float32)
    image[200:300, 300:500] += 20
    write_tiles(image, tmp_path / "tiles.u16")
    pictures = [opened(thumbnail(source)).astype(float) for source in (image, tmp_path / "tiles.u16")]
    assert pictures[0].shape == pictures[1].shape == (199, 256)
    for part in (np.s_[60:80, 90:135], np.s_[100:]):
        assert abs(pictures[0][part].mean() - pictures[1][part].mean()) < 10


def test_nan_pixels_are_black():
    image = np.full((64, 64), np.nan)
    image[:32] = np.random.default_rng(0).normal(size=(32, 64))
    assert opened(thumbnail(image))[40:].max() == 0
