"""Families of particles: random members of a given diameter in nm, as nested solids."""

import numpy as np
from scipy.spatial.transform import Rotation

from mlcore.simulation.aggregates import LIBRARY, cluster
from mlcore.simulation.solids import Aggregate, Ellipsoid, Placed, Polyhedron, Tube

METALS = ("gold", "platinum", "palladium", "silver", "copper")
OXIDES = ("titania", "ceria", "iron oxide")
LIGHT = ("carbon", "polystyrene", "silica")
LABELS = {"nanotube": "carbon nanotube", "aggregate": "polymer aggregate"}  # all others: nanoparticle

_SQUARE = np.concatenate([np.eye(3), -np.eye(3)])
_CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / np.sqrt(3)


def label(family):
    """The class that a microscopist gives to a family."""
    return LABELS.get(family, "nanoparticle")


def sphere(rng, diameter_nm, material):
    """A ball, up to 5 % out of round."""
    axes = diameter_nm / 2 * rng.uniform(0.95, 1, 3)
    return ((material, Ellipsoid.of(axes, _turn(rng)), 1),), ()


def ellipsoid(rng, diameter_nm, material):
    """Axis ratios 0.5 to 1, turned at random."""
    axes = diameter_nm / 2 * np.array([1.15, rng.uniform(0.6, 1.1), rng.uniform(0.6, 1.1)])
    return ((material, Ellipsoid.of(axes, _turn(rng)), 1),), ()


def faceted(rng, diameter_nm, material):
    """Cut cubes and octahedra of a face-centred cubic metal, {111} and {100} at a ratio of 0.8 to 1.2."""
    ratio = rng.uniform(0.8, 1.2)
    offsets = np.concatenate([np.full(6, 0.88 * ratio), np.full(8, 0.88)])
    return _polyhedron(rng, np.concatenate([_SQUARE, _CORNERS]), offsets, diameter_nm, material)


def octahedron(rng, diameter_nm, material):
    """Eight faces, sometimes a little cut."""
    offsets = np.concatenate([np.full(6, rng.uniform(1.0, 1.5)), np.full(8, 0.75)])
    return _polyhedron(rng, np.concatenate([_SQUARE, _CORNERS]), offsets, diameter_nm, material)


def cube(rng, diameter_nm, material):
    """Six faces, corners cut by 0 to 25 %; half of them lie flat."""
    offsets = np.concatenate([np.full(6, 0.78), np.full(8, 0.78 * np.sqrt(3) * rng.uniform(0.75, 1))])
    lies = rng.random() < 0.5
    return _polyhedron(rng, np.concatenate([_SQUARE, _CORNERS]), offsets, diameter_nm, material, lies)


def plate(rng, diameter_nm, material):
    """A flat prism with three or six sides, 5 to 30 % as high as wide."""
    sides = rng.choice([3, 6, 6])
    angle = 2 * np.pi * np.arange(sides) / sides
    around = np.stack([np.cos(angle), np.sin(angle), np.zeros(sides)], axis=1)
    if sides == 3 and rng.random() < 0.7:  # corners are cut
        around = np.concatenate([around, -around])
    width = np.full(len(around), 0.68 if sides == 3 else 0.95)
    width[sides:] *= rng.uniform(1.2, 1.7)
    high = rng.uniform(0.05, 0.3)
    normals = np.concatenate([around, [[0, 0, 1], [0, 0, -1]]])
    return _polyhedron(rng, normals, np.concatenate([width, [high, high]]), diameter_nm, material, True)


def rod(rng, diameter_nm, material):
    """A spherocylinder lying on the film, 1.5 to 6 times as long as wide, of the area of a disc."""
    aspect = rng.uniform(1.5, 6)
    width = diameter_nm * np.sqrt(np.pi / 4 / (aspect - 1 + np.pi / 4))
    half = (aspect - 1) * width / 2
    angle = rng.uniform(0, np.pi)
    way = np.array([np.cos(angle), np.sin(angle)])
    return ((material, Tube(np.stack([-half * way, half * way]), width / 2), 1),), ()


def core_shell(rng, diameter_nm, material):
    """A dense core, 20 to 90 % as wide, in a light or oxide shell."""
    shell = rng.choice(LIGHT + OXIDES)
    axes, turn = diameter_nm / 2 * rng.uniform(0.9, 1, 3), _turn(rng)
    outer = Ellipsoid.of(axes, turn)
    core = Ellipsoid.of(axes * (1 - 2 * rng.uniform(0.05, 0.4)), turn)
    return ((str(shell), outer, 1), (str(shell), core, -1), (material, core, 1)), ()


def hollow(rng, diameter_nm, material):
    """A shell of 5 to 30 % of the diameter around nothing."""
    axes, turn = diameter_nm / 2 * rng.uniform(0.9, 1, 3), _turn(rng)
    outer = Ellipsoid.of(axes, turn)
    inner = Ellipsoid.of(axes * (1 - 2 * rng.uniform(0.05, 0.3)), turn)
    return ((material, outer, 1), (material, inner, -1)), ()


def nanotube(rng, diameter_nm, material="carbon"):
    """A hollow worm-like chain, 8 to 60 times as long as wide, of the area of a disc of `diameter_nm`."""
    ratio = np.exp(rng.uniform(np.log(8), np.log(60)))
    diameter_nm = diameter_nm / np.sqrt(4 / np.pi * ratio)
    length = diameter_nm * ratio
    persistence = diameter_nm * np.exp(rng.uniform(np.log(15), np.log(120)))
    pieces = 48
    step = length / pieces
    # Angles of a worm-like chain in the plane: the variance of a step is step / persistence length.
    turns = rng.normal(0, np.sqrt(step / persistence), pieces)
    # One more pass makes the bends smooth at the scale of a few diameters.
    angle = rng.uniform(0, 2 * np.pi) + np.cumsum(np.convolve(turns, np.ones(3) / 3, mode="same"))
    line = np.concatenate([[[0, 0]], np.cumsum(step * np.stack([np.cos(angle), np.sin(angle)], 1), axis=0)])
    inner = diameter_nm / 2 * rng.uniform(0.2, 0.75)
    extra = (("tube_diameter_nm", diameter_nm), ("tube_length_nm", length + diameter_nm))
    return (("carbon", Tube(line - line.mean(0), diameter_nm / 2, inner), 1),), extra


def aggregate(rng, diameter_nm, material):
    """A fractal cluster; `diameter_nm` is about its equivalent circular diameter."""
    centres, radii = cluster(int(rng.integers(LIBRARY)))
    scale = diameter_nm / 2 / np.sqrt(len(radii)) / 0.93  # shadows hide about an eighth of each other
    solid = Aggregate(_rotated(rng, centres) * scale, radii * scale)
    gyration = np.sqrt((np.linalg.norm(solid.centres - solid.centres.mean(0), axis=1) ** 2).mean())
    extra = (("n_monomers", len(radii)), ("monomer_diameter_nm", 2 * scale), ("gyration_nm", float(gyration)))
    return ((material, solid, 1),), extra


FAMILIES = {
    one.__name__: one
    for one in (
        sphere, ellipsoid, faceted, octahedron, cube, plate, rod, core_shell, hollow, nanotube, aggregate,
    )
}  # fmt: skip


def member(rng, family, diameter_nm, material, *, diffraction=1.0):
    """A random particle of a family at the origin."""
    parts, extra = FAMILIES[family](rng, diameter_nm, material)
    return Placed(family, parts, 0.0, 0.0, diffraction, extra)


def _turn(rng):
    return Rotation.random(rng=rng).as_matrix()


def _rotated(rng, points):
    return Rotation.random(rng=rng).apply(points)


def _polyhedron(rng, normals, offsets, diameter_nm, material, lies=False):
    turn = Rotation.from_euler("z", rng.uniform(0, 2 * np.pi)) if lies else Rotation.random(rng=rng)
    return ((material, Polyhedron(turn.apply(normals), offsets * diameter_nm / 2), 1),), ()
