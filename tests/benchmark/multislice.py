"""Gold spheres by abTEM's multislice and by our own simulator: the same profile, measured the same way.

abTEM (J. Madsen, T. Susi, Open Research Europe 1 (2021) 24) propagates the wave through the atoms' potential;
ours knows only absorption and mean inner potential. Both images are averaged over angles, abTEM's over random
orientations with thermal displacements as well, because a powder of crystals has no zone axis.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from mlcore.simulation.materials import MATERIALS, interaction_rad_per_v_nm
from mlcore.simulation.optics import Lens, image_intensity
from mlcore.simulation.solids import Ellipsoid

LATTICE_A = 4.0782  # gold, fcc
DISPLACEMENT_A = 0.085  # of gold atoms along one axis at 300 K
CARBON_ATOMS_A3 = 0.1  # 2.0 g/cm3
CARBON_APART_A = 1.3
MARGIN_NM = 1.2  # of vacuum around a sphere
SAMPLING_A = 0.1  # 84 mrad: half as fine, and a third of what gold scatters is lost
SLICE_A = 1.5
APERTURE_MRAD = 10.0
PITCH_NM = 0.05  # of our own image, and of profiles
OUTSIDE_NM = (0.8, 1.1)  # beyond the sphere's edge: what counts as background
ORIENTATIONS = 16


@dataclass(frozen=True)
class Case:
    """A gold sphere in the microscope; underfocus is positive."""

    diameter_nm: float
    kv: float = 200.0
    defocus_nm: float = 0.0
    film_nm: float = 0.0

    def __str__(self):
        words = [f"{self.diameter_nm:g} nm", f"{self.kv:g} kV"]
        words += [f"{self.defocus_nm:g} nm defocus"] if self.defocus_nm else ["in focus"]
        return ", ".join(words + ([f"on {self.film_nm:g} nm of carbon"] if self.film_nm else []))

    @property
    def side_nm(self):
        """Of the field, which holds the sphere's fringes."""
        return self.diameter_nm + 2 * MARGIN_NM


CASES = (
    Case(3.0), Case(4.0), Case(5.0), Case(4.0, defocus_nm=-100.0), Case(4.0, film_nm=5.0),
    Case(4.0, kv=300.0),
)  # fmt: skip


def multislice_profile(case, *, orientations=ORIENTATIONS, seed=0):
    """Intensity by radius (in steps of PITCH_NM) from abTEM, the mean over orientations."""
    import abtem

    abtem.config.set({"local_diagnostics.progress_bar": False, "num_workers": 1, "precision": "float32"})
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(orientations):
        potential = abtem.Potential(
            _atoms(rng, case), sampling=SAMPLING_A, slice_thickness=SLICE_A, projection="infinite"
        )
        wave = abtem.PlaneWave(energy=case.kv * 1e3).multislice(potential)
        lens = abtem.CTF(
            energy=case.kv * 1e3, defocus=case.defocus_nm * 10, semiangle_cutoff=APERTURE_MRAD,
            focal_spread=_lens(case).focal_spread_nm * 10,
        )  # fmt: skip
        measured = wave.apply_ctf(lens).intensity().compute(progress_bar=False)
        images.append(np.asarray(measured.array))
        pitch_nm = measured.sampling[0] / 10
    return radial(np.mean(images, axis=0), pitch_nm)


def _atoms(rng, case):
    """A gold sphere, turned at random, its atoms displaced by heat; carbon below it."""
    from ase import Atoms

    radius, side = 5 * case.diameter_nm, 10 * case.side_nm
    reach = np.arange(-int(radius / LATTICE_A) - 2, int(radius / LATTICE_A) + 3)
    cells = np.stack(np.meshgrid(reach, reach, reach), -1).reshape(-1, 1, 3)
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    gold = ((cells + basis).reshape(-1, 3) + rng.random(3)) * LATTICE_A
    gold = Rotation.random(rng=rng).apply(gold[np.linalg.norm(gold, axis=1) < radius])
    gold = gold + rng.normal(0, DISPLACEMENT_A, gold.shape)
    film = 10 * case.film_nm
    gold = gold + [side / 2, side / 2, radius + 1]
    carbon = _glass(rng, (side, side, film)) + [0, 0, 2 * radius + 2] if film else np.zeros((0, 3))
    return Atoms(
        ["Au"] * len(gold) + ["C"] * len(carbon),
        np.concatenate([gold, carbon]),
        cell=[side, side, 2 * radius + 3 + film],
    )


def _glass(rng, box):
    """Places of amorphous carbon: random, but no two nearer than atoms come."""
    places = np.zeros((0, 3))
    wanted = int(np.prod(box) * CARBON_ATOMS_A3)
    while len(places) < wanted:
        drawn = rng.random((wanted, 3)) * box
        if len(places):
            drawn = drawn[cKDTree(places).query(drawn)[0] > CARBON_APART_A]
        near = {pair[1] for pair in cKDTree(drawn).query_pairs(CARBON_APART_A)}
        drawn = np.delete(drawn, sorted(near), axis=0)
        places = np.concatenate([places, drawn])[:wanted]
    return places


def our_profile(case):
    """Intensity by radius from our simulator, without camera and noise."""
    side = round(case.side_nm / PITCH_NM)
    x = (np.arange(side) - side / 2 + 0.5) * PITCH_NM
    sphere = Ellipsoid.of([case.diameter_nm / 2] * 3, np.eye(3))
    layers = [
        ("gold", sphere.thickness(x[None, :], x[:, None])),
        ("carbon", np.full((side, side), case.film_nm)),
    ]
    absorption = sum(t / MATERIALS[name].mean_free_path(case.kv) for name, t in layers)
    volts_nm = sum(t * MATERIALS[name].inner_potential_v for name, t in layers)
    phase = interaction_rad_per_v_nm(case.kv) * volts_nm
    return radial(image_intensity(absorption, phase, PITCH_NM, _lens(case)), PITCH_NM)


def _lens(case):
    return Lens(kv=case.kv, defocus_nm=case.defocus_nm, convergence_mrad=0.0, aperture_mrad=APERTURE_MRAD)


def radial(image, pitch_nm):
    """Mean over angles of an image (H, W) about its middle, by radius in steps of PITCH_NM."""
    y, x = ((np.arange(side) - side / 2 + 0.5) * pitch_nm for side in image.shape)
    ring = np.rint(np.hypot(x[None, :], y[:, None]) / PITCH_NM).astype(int)
    n = int(min(image.shape) / 2 * pitch_nm / PITCH_NM)
    filled = np.intersect1d(ring, np.arange(n))  # a coarse image has no pixel in some rings
    return np.interp(np.arange(n), filled, ndimage.mean(image, ring, filled))


@dataclass(frozen=True)
class Measured:
    """What a profile says: the diameter where half the contrast is left, the contrast of the middle, and the
    fringe outside the edge: its place from the middle and its height above the background (below: negative).
    """

    half_nm: float
    contrast: float
    fringe_nm: float
    fringe: float


def measured(profile, case):
    """Measure a profile; contrast is relative to the background beyond the fringe."""
    r = np.arange(len(profile)) * PITCH_NM
    edge = case.diameter_nm / 2
    background = profile[(r > edge + OUTSIDE_NM[0]) & (r < edge + OUTSIDE_NM[1])].mean()
    contrast = 1 - profile / background
    middle = contrast[r < 0.25 * edge] @ r[r < 0.25 * edge] / r[r < 0.25 * edge].sum()
    last = int(np.flatnonzero(contrast > middle / 2)[-1])
    share = (contrast[last] - middle / 2) / (contrast[last] - contrast[last + 1])
    near = np.flatnonzero((r > edge - 0.1) & (r < edge + OUTSIDE_NM[0]))
    top = near[np.argmax(-np.sign(case.defocus_nm or 1) * contrast[near])]  # dark when overfocused
    return Measured(2 * (last + share) * PITCH_NM, float(middle), float(r[top]), float(-contrast[top]))
