"""Frames that look alike, also turned or mirrored: a 64-bit perceptual hash of low frequencies.

The hash holds the signs of the 64 lowest cosine coefficients of a 32 x 32 reduction, its mean left out
(C. Zauner, Implementation and benchmarking of perceptual image hash functions, 2010). Mirroring a frame
flips the signs of its odd coefficients, and turning it by 90° swaps the two axes as well, so all eight
attitudes are compared at the price of one transform.
"""

import numpy as np
from scipy.fft import dctn

SIDE, KEPT = 32, 8
# Bits of 64 that may differ. Other views of like specimens differed in 17 or more; noise and other contrast
# changed at most 7, a cut by 5 % from 5 to 17.
ALIKE_BITS = 12
CHUNK = 512
ATTITUDES = (
    "", "mirrored", "upside down", "turned by 180°",
    "transposed", "turned by 90°", "turned by 270°", "transposed the other way",
)  # fmt: skip


def perceptual_hash(image):
    """The hash of a frame (H, W), an int of 64 bits."""
    return _packed(_signs(_coefficients(image)))


def attitudes(hashed):
    """The hashes (8,) uint64 that a frame of this hash has when it is mirrored or turned, itself first."""
    bits = _unpacked(hashed)
    odd = np.arange(KEPT) % 2 == 1
    flip_x, flip_y = np.broadcast_to(odd[None], (KEPT, KEPT)), np.broadcast_to(odd[:, None], (KEPT, KEPT))
    found = []
    for one in (bits, bits.T):
        for flips in (None, flip_x, flip_y, flip_x ^ flip_y):
            turned = one if flips is None else one ^ flips
            turned = turned.copy()
            turned[0, 0] = False
            found.append(_packed(turned))
    return np.array(found, np.uint64)


def alike_across(hashes, splits, at_most=ALIKE_BITS):
    """Pairs of frames of different splits that look alike.

    Parameters
    ----------
    hashes : sequence of int
    splits : sequence of str

    Returns
    -------
    list of tuple
        (i, j, bits that differ, attitude), nearest first; i < j.
    """
    hashes, splits = np.array(hashes, np.uint64), np.array(splits)
    names = sorted(set(splits.tolist()), key=lambda one: (splits == one).sum())
    pairs = []
    for place, name in enumerate(names[:-1]):
        mine = np.flatnonzero(splits == name)
        others = np.flatnonzero(np.isin(splits, names[place + 1 :]))
        for start in range(0, len(mine), CHUNK):
            pairs += _near(hashes, mine[start : start + CHUNK], others, at_most)
    return sorted(pairs, key=lambda one: (one[2], one[0], one[1]))


def _near(hashes, mine, others, at_most):
    least = np.full((len(mine), len(others)), 65, np.uint8)
    which = np.zeros(least.shape, np.uint8)
    turned = np.array([attitudes(int(one)) for one in hashes[mine]])  # (M, 8)
    for k in range(len(ATTITUDES)):
        bits = np.bitwise_count(turned[:, k, None] ^ hashes[others][None])
        nearer = bits < least
        least[nearer], which[nearer] = bits[nearer], k
    found = []
    for row, column in zip(*np.nonzero(least <= at_most), strict=True):
        i, j = sorted((int(mine[row]), int(others[column])))
        found.append((i, j, int(least[row, column]), ATTITUDES[which[row, column]]))
    return found


def _coefficients(image):
    small = reduced(image, SIDE)
    low, high = np.percentile(small, (1, 99))
    small = np.clip((small - low) / (high - low), 0, 1) if high > low else np.zeros_like(small)
    return dctn(small, norm="ortho")[:KEPT, :KEPT]


def _signs(coefficients):
    bits = coefficients > 0
    bits[0, 0] = False  # the mean says how bright a frame is, not what it shows
    return bits


def reduced(image, side):
    """Means (side, side) over an even grid of a frame; a smaller frame is repeated, never interpolated."""
    image = np.asarray(image, np.float64)
    image = np.where(np.isfinite(image), image, 0.0)
    for axis in (0, 1):
        if image.shape[axis] < side:
            image = np.repeat(image, -(-side // image.shape[axis]), axis)
    rows, columns = (np.linspace(0, n, side + 1).astype(int) for n in image.shape)
    sums = np.add.reduceat(np.add.reduceat(image, rows[:-1], 0), columns[:-1], 1)
    return sums / np.outer(np.diff(rows), np.diff(columns))


def _packed(bits):
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _unpacked(hashed):
    raw = np.frombuffer(int(hashed).to_bytes(8, "big"), np.uint8)
    return np.unpackbits(raw).astype(bool).reshape(KEPT, KEPT)
