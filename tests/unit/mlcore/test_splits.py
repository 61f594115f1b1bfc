"""Who learns and who is asked; and images that look alike, however they were turned."""

import numpy as np
import pytest

from mlcore.data.alike import ALIKE_BITS, ATTITUDES, alike_across, attitudes, perceptual_hash
from mlcore.data.splits import SHARES, split_by_specimen


def shares(sizes, split):
    total = sum(sizes.values())
    return {part: sum(sizes[name] for name in split if split[name] == part) / total for part in SHARES}


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_near_where_specimens_are_many(seed):
    rng = np.random.default_rng(seed)
    sizes = {f"grid {k}": int(n) for k, n in enumerate(rng.integers(1, 9, 200))}
    found = shares(sizes, split_by_specimen(sizes, seed))
    assert all(abs(found[part] - SHARES[part]) < 0.02 for part in SHARES)


def test_the_seed_decides_and_nothing_else_does():
    sizes = {f"grid {k}": 1 for k in range(40)}
    turned = dict(reversed(sizes.items()))
    assert split_by_specimen(sizes, 1) == split_by_specimen(turned, 1)
    assert split_by_specimen(sizes, 1) != split_by_specimen(sizes, 2)


@pytest.mark.parametrize(
    "sizes", [{"a": 1, "b": 1, "c": 1}, {"a": 100, "b": 1, "c": 1}, {"a": 1, "b": 9, "c": 9}]
)
def test_no_part_is_empty(sizes):
    for seed in range(8):
        assert set(split_by_specimen(sizes, seed).values()) == set(SHARES)


def test_too_few_are_refused():
    with pytest.raises(ValueError, match="2 specimens"):
        split_by_specimen({"a": 5, "b": 5}, 0)


def test_who_was_dealt_stays():
    old = {f"grid {k}": 1 for k in range(10)}
    before = split_by_specimen(old, 0)
    after = split_by_specimen(old | {f"new {k}": 1 for k in range(10)}, 0, before)
    assert {name: after[name] for name in old} == before


def scene(seed):
    """Soft blobs, unlike in every attitude."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:120, :160]
    image = np.zeros((120, 160))
    for _ in range(12):
        y, x, size = rng.uniform(0, 120), rng.uniform(0, 160), rng.uniform(5, 25)
        image += rng.uniform(0.3, 1) * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / size**2)
    return image


def bits(one, other):
    return (one ^ other).bit_count()


@pytest.mark.parametrize(
    ("k", "turn"),
    [
        (0, lambda image: image), (1, np.fliplr), (2, np.flipud), (3, lambda image: np.rot90(image, 2)),
        (4, np.transpose), (5, lambda image: np.rot90(image, 3)), (6, np.rot90),
    ],
)  # fmt: skip
def test_the_hash_knows_every_attitude(k, turn):
    image = scene(1)
    assert bits(int(attitudes(perceptual_hash(image))[k]), perceptual_hash(turn(image))) <= 2
    assert len(ATTITUDES) == 8


def test_copies_are_found_and_others_are_not():
    rng = np.random.default_rng(0)
    images = [scene(k) for k in range(12)]
    copies = [np.rot90(images[0]), images[1] + rng.normal(0, 0.1, images[1].shape), 3 * images[2] ** 0.8]
    hashes = [perceptual_hash(image) for image in [*images, *copies]]
    pairs = alike_across(hashes, ["train"] * 12 + ["test", "val", "test"])
    assert {(i, j) for i, j, *_ in pairs} == {(0, 12), (1, 13), (2, 14)}
    assert all(n <= ALIKE_BITS for _, _, n, _ in pairs)
    assert alike_across(hashes, ["train"] * 15) == []


def test_an_even_image_has_a_hash_too():
    assert perceptual_hash(np.zeros((5, 7))) == 0
