"""A simulated micrograph with its truth: the same seed and index give the same bytes."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from skimage.measure import find_contours

from annotations.raster import inside
from annotations.shape import measure_many
from mlcore.simulation import optics, render
from mlcore.simulation.conditions import draw
from mlcore.simulation.families import label, member
from mlcore.simulation.placement import Stage, spread
from mlcore.simulation.visibility import rose_number

RASTER = 8  # sub-pixels a side where an outline has to be cut by another or by the frame
THINNEST = 1e-4  # mean free paths of a particle: less is what float32 leaves of none
MIN_VISIBLE_PX2 = 4.0  # less than that left in the frame is nothing to find


@dataclass(frozen=True)
class Truth:
    """One particle as it is. Outlines (V, 2) in pixels; sizes are those of the whole particle.

    `visible` is what the frame and particles lying above leave of `outline`. `rose_number` is contrast times
    the square root of the electrons on it (A. Rose 1948): below 4 nobody can see it.
    """

    outline: np.ndarray
    visible: np.ndarray
    family: str
    label: str
    material: str
    ecd_nm: float
    ecd_px: float
    aspect_ratio: float
    roundness: float
    rose_number: float
    is_truncated: bool
    hidden_share: float
    extra: tuple = ()


@dataclass(frozen=True)
class Scene:
    """A frame (H, W) uint16, its pixel size, and its particles, later ones on top."""

    image: np.ndarray
    pixel_size_nm: float
    particles: list
    conditions: object


@dataclass(frozen=True)
class Maps:
    """What a scene's image was rendered from, each (H, W) float32.

    `clean` is the expected image without counting noise, `mask` the share of a pixel that particles cover,
    `thickness` of them in mean free paths.
    """

    clean: np.ndarray
    mask: np.ndarray
    thickness: np.ndarray


def simulate(seed, index, tier, size_px=(512, 512), noise_seed=None):
    """Scene `index` of a run.

    Parameters
    ----------
    size_px : tuple of int
        Width and height.
    noise_seed : int, optional
        Another draw of the counting noise over the very same specimen; the truth does not depend on it.
    """
    return _simulated(seed, index, tier, size_px, noise_seed)[0]


def simulate_maps(seed, index, tier, size_px=(512, 512)):
    """The very same scene as `simulate` makes, and the maps that it was rendered from."""
    scene, specimen, expected = _simulated(seed, index, tier, size_px)
    margin = render.MARGIN_PX
    of_particles = np.maximum(specimen.absorption - specimen.background_absorption, 0)
    covered = (of_particles > THINNEST).astype(np.float32)
    thickness, mask = (
        optics.binned(one, render.SUPERSAMPLING)[margin:-margin, margin:-margin]
        for one in (of_particles, covered)
    )
    maps = (np.ascontiguousarray(one, np.float32) for one in (expected, mask, thickness))
    return scene, Maps(*maps)


def _simulated(seed, index, tier, size_px, noise_seed=None):
    """(scene, its specimen, its expected image)."""
    # The tier's name is part of the seed: no training scene is a test scene in another light.
    start = [seed, index, crc32(tier.name.encode())]
    decide, make, place, chance = (np.random.default_rng([*start, part]) for part in range(4))
    if noise_seed is not None:
        chance = np.random.default_rng([*start, 3, noise_seed])
    conditions = draw(decide, tier, size_px)
    shape, layers, support = render.surroundings(place, conditions, size_px)
    stage = Stage(*size_px, render.MARGIN_PX, conditions.pixel_size_nm)
    members = sorted(_members(make, conditions, tier), key=_extent, reverse=True)
    spread(
        place, stage, members,
        touching=conditions.touching, max_overlap=conditions.max_overlap,
        allowed=_allowed(place, support, conditions),
    )  # fmt: skip
    specimen = render.build(conditions, shape, layers, stage.placed)
    if conditions.mode == "BF":
        expected, unit = render.bright_field(place, conditions, specimen)
    else:
        expected, unit = render.dark_field(place, conditions, specimen)
    image = render.frame(chance, conditions, expected)
    particles = _truth(stage, conditions, specimen, unit, size_px)
    return Scene(image, conditions.pixel_size_nm, particles, conditions), specimen, expected


def _members(rng, conditions, tier):
    made = []
    for _ in range(conditions.count):
        kind = int(rng.integers(len(conditions.families)))
        ecd_nm = conditions.median_ecd_nm * np.exp(rng.normal(0, np.log(conditions.size_deviation)))
        ecd_nm = float(np.clip(ecd_nm, *tier.ecd_nm))
        strong = rng.random() < 0.15
        diffraction = rng.uniform(0.6, 2.5) if strong else float(np.exp(rng.normal(0, 0.12)))
        family, material = conditions.families[kind], conditions.materials[kind]
        made.append(member(rng, family, ecd_nm, material, diffraction=diffraction))
    return made


def _extent(particle):
    return float(np.ptp(particle.outline(), axis=0).max())


def _allowed(rng, support, conditions):
    """Whether a place bears particles: where there is support, nine of ten sit on it."""
    if support is None or not (support > 0).any():
        return None
    pitch = conditions.pixel_size_nm / render.SUPERSAMPLING

    def allowed(x, y):
        row, column = (int(value / pitch) + render.MARGIN_PX * render.SUPERSAMPLING for value in (y, x))
        inside = 0 <= row < support.shape[0] and 0 <= column < support.shape[1]
        return inside and (support[row, column] > 0 or rng.random() < 0.1)

    return allowed


def _truth(stage, conditions, specimen, unit, size_px):
    size = np.array(size_px, float)
    outlines = [outline / conditions.pixel_size_nm for outline in stage.outlines]
    measured = measure_many(outlines, None, conditions.pixel_size_nm)
    signals = specimen.particle_absorption if conditions.mode == "BF" else specimen.particle_z
    particles = []
    for k, (particle, outline, shape) in enumerate(zip(stage.placed, outlines, measured, strict=True)):
        low, high = outline.min(0), outline.max(0)
        if (high <= 0).any() or (low >= size).any():
            continue
        is_cut = bool((low < 0).any() or (high > size).any())
        above = [other for other in outlines[k + 1 :] if _boxes_meet(outline, other)]
        visible, hidden = (outline, 0.0) if not is_cut and not above else _visible(outline, above, size)
        if visible is None:
            continue
        particles.append(
            Truth(
                outline=outline, visible=visible, family=particle.family, label=label(particle.family),
                material=particle.parts[-1][0], ecd_nm=shape.ecd_nm, ecd_px=shape.ecd_px,
                aspect_ratio=_or_nan(shape.aspect_ratio), roundness=_or_nan(shape.roundness),
                rose_number=rose_number(
                    conditions, specimen, unit, signals[k], outline, shape.area_px2, render.MARGIN_PX
                ),
                is_truncated=is_cut, hidden_share=hidden, extra=particle.extra,
            )
        )  # fmt: skip
    return particles


def _visible(outline, above, size):
    """What the frame and the particles above leave of an outline: (largest piece or None, share hidden)."""
    low = np.maximum(np.floor(outline.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(outline.max(0)), size).astype(int)
    span = (high - low) * RASTER
    # One sub-pixel of nothing all around, so that a cut at the frame's edge is closed there.
    mask = np.zeros((span[1] + 2, span[0] + 2), bool)

    def fill(points, value):
        mask[inside((points - low) * RASTER + 1, mask.shape)] = value

    fill(outline, True)
    mask[[0, -1]] = mask[:, [0, -1]] = False
    whole = mask.sum()
    for other in above:
        fill(other, False)
    if mask.sum() < MIN_VISIBLE_PX2 * RASTER**2:
        return None, 1.0
    lines = find_contours(mask.astype(np.float32), 0.5)
    longest = max(lines, key=lambda line: abs(_area(line)))
    visible = np.clip((longest[:-1, ::-1] - 0.5) / RASTER + low, 0, size)
    return visible[:: max(1, RASTER // 4)], float(1 - mask.sum() / max(whole, 1))


def _area(line):
    y, x = line.T
    return 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _boxes_meet(one, other):
    return bool((one.min(0) < other.max(0)).all() and (other.min(0) < one.max(0)).all())


def _or_nan(value):
    return float("nan") if value is None else value
