"""What a scene is like: specimen and microscope drawn from a tier's ranges."""

from dataclasses import asdict, dataclass

import numpy as np

from mlcore.simulation.camera import Camera
from mlcore.simulation.materials import MATERIALS
from mlcore.simulation.optics import Lens

VISIBLE_ROSE = 6.0  # what the median particle should reach; materials are drawn again for it
REDRAWS = 12


@dataclass(frozen=True)
class Film:
    """What the beam passes besides particles; thicknesses in nm."""

    material: str
    thickness_nm: float
    correlation_nm: float
    beta: float
    roughness: float
    hole_nm: float | None = None
    support: str | None = None
    support_count: int = 0
    support_diameters_nm: tuple = (10.0, 60.0)
    lump_share: float = 0.2  # of the smallest grain: how wide its lumps are
    lump_contrast: float = 0.0  # deviation of the thickness by them
    liquid_nm: float = 0.0
    gas_transmission: float = 1.0
    pedestal: float = 0.0
    contamination: int = 0


@dataclass(frozen=True)
class Scan:
    """A dark-field scan: counts at a median particle, probe in nm, row jitter in px."""

    counts: float
    probe_nm: float
    jitter_px: float
    line_gain: float
    background: float
    inner_blur_px: float


@dataclass(frozen=True)
class Conditions:
    """All that is decided before a particle is made."""

    mode: str  # "BF" or "HAADF"
    pixel_size_nm: float
    median_ecd_nm: float
    size_deviation: float
    count: int
    families: tuple
    materials: tuple
    touching: float
    max_overlap: float
    lens: Lens
    camera: Camera
    film: Film
    scan: Scan | None
    gradient: float
    vignetting: float

    def as_dict(self):
        """Plain values for a file's metadata."""
        return asdict(self)


def draw(rng, tier, size_px):
    """Conditions of one scene of width and height `size_px`."""
    mode = "HAADF" if rng.random() < tier.haadf_share else "BF"
    kv = int(_pick(rng, tier.kv))
    median_px = _log(rng, tier.median_ecd_px)
    low = max(tier.pixel_size_nm[0], tier.ecd_nm[0] / median_px)
    high = min(tier.pixel_size_nm[1], tier.ecd_nm[1] / median_px)
    pixel_size_nm = _log(rng, (low, max(high, low)))
    median_nm = median_px * pixel_size_nm
    cover = rng.uniform(*tier.max_cover) * size_px[0] * size_px[1]
    most = max(cover / (np.pi / 4 * median_px**2 * 1.4), 1)
    count = int(np.clip(_log(rng, np.maximum(tier.count, 1)), 1, most))
    if rng.random() < 0.5:  # many frames are well filled
        count = int(np.clip(most, 1, max(tier.count[1], 1)))
    count = min(count, tier.count[1])
    kinds = 1 if rng.random() >= tier.mixture_share else int(rng.integers(2, 4))
    families = tuple(_pick(rng, tier.families) for _ in range(kinds))
    dose = _log(rng, tier.dose_e_px)
    materials = _materials(rng, tier, kinds, mode, kv, median_nm, median_px, dose)
    return Conditions(
        mode=mode,
        pixel_size_nm=pixel_size_nm,
        median_ecd_nm=median_nm,
        size_deviation=_log(rng, tier.size_deviation),
        count=count,
        families=families,
        materials=materials,
        touching=rng.uniform(*tier.touching),
        max_overlap=rng.uniform(*tier.max_overlap),
        lens=_lens(rng, tier, kv, pixel_size_nm),
        camera=_camera(rng, tier, dose),
        film=_film(rng, tier, mode, median_nm),
        scan=_scan(rng, tier, pixel_size_nm) if mode == "HAADF" else None,
        gradient=rng.uniform(*tier.gradient),
        vignetting=rng.uniform(0, 0.15) if rng.random() < 0.4 else 0.0,
    )


def _materials(rng, tier, kinds, mode, kv, median_nm, median_px, dose):
    """Materials of which a median particle can be seen at this dose, if any draw finds such."""
    for _ in range(REDRAWS):
        pool = tier.others if tier.others and rng.random() < tier.other_share else tier.metals
        names = tuple(str(rng.choice(pool)) for _ in range(kinds))
        thickness = 2 / 3 * median_nm  # the mean of a sphere
        contrast = min(1 - np.exp(-thickness / MATERIALS[name].mean_free_path(kv)) for name in names)
        rose = contrast * np.sqrt(0.6 * dose * np.pi / 4 * median_px**2)
        if mode == "HAADF" or rose > VISIBLE_ROSE:
            break
    return names


def _lens(rng, tier, kv, pixel_size_nm):
    far = rng.random() < tier.far_defocus_share
    defocus = rng.uniform(-2000, 2000) if far else rng.normal(0, tier.defocus_nm)
    # Fringes many pixels wide belong to no micrograph anybody would keep: sqrt(lambda |df|) < 6 px.
    most = (6 * pixel_size_nm) ** 2 / 0.0025
    return Lens(
        kv=kv,
        defocus_nm=float(np.clip(defocus, -most, most)),
        cs_mm=float(rng.choice([0.005, 0.5, 1.2])),
        focal_spread_nm=rng.uniform(2, 10),
        convergence_mrad=_log(rng, (0.05, 0.5)),
        aperture_mrad=None if rng.random() < 0.4 else rng.uniform(5, 20),
        astigmatism_nm=abs(rng.normal(0, 15)) if rng.random() < 0.3 else 0.0,
        astigmatism_rad=rng.uniform(0, np.pi),
    )


def _camera(rng, tier, dose):
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0, tier.drift_px)
    drifts = rng.random() < 0.5
    return Camera(
        dose_e_px=dose,
        dqe=rng.uniform(0.3, 0.9),
        mtf_c=rng.uniform(0, 0.1),
        mtf_q0=rng.uniform(*tier.mtf_q0),
        mtf_p=rng.uniform(1.5, 4),
        read_noise_e=rng.uniform(0, 4) if rng.random() < 0.6 else 0.0,
        gain=float(np.clip(_log(rng, (1, 60)), 1, 30000 / dose)),
        offset=rng.uniform(0, 500),
        fixed_pattern=rng.uniform(0, 0.02) if rng.random() < 0.3 else 0.0,
        hot_share=_log(rng, (1e-6, 1e-4)) if rng.random() < 0.2 else 0.0,
        drift_px=(length * np.cos(angle), length * np.sin(angle)) if drifts else (0.0, 0.0),
        vibration_px=rng.uniform(0, 0.8) if drifts else 0.0,
        is_noise_correlated=bool(rng.random() < 0.3),
    )


def _film(rng, tier, mode, median_nm):
    has_support = rng.random() < tier.support_share
    is_liquid = mode == "BF" and rng.random() < tier.liquid_share
    in_gas = rng.random() < 0.5
    # A support grain is a few to many times as large as what it bears.
    grain = float(np.clip(median_nm * _log(rng, (2, 12)), 8, 400))
    return Film(
        material=str(rng.choice(["carbon", "carbon", "silicon nitride"])),
        thickness_nm=0.0 if rng.random() < 0.15 else _log(rng, tier.film_nm),
        correlation_nm=_log(rng, (0.5, 3)) if rng.random() < 0.5 else median_nm * _log(rng, (0.3, 5)),
        beta=rng.uniform(1.5, 2.5),
        roughness=rng.uniform(0.01, 0.2),
        hole_nm=median_nm * _log(rng, (4, 40)) if rng.random() < tier.lacey_share else None,
        support=str(rng.choice(["silica", "alumina", "carbon", "titania"])) if has_support else None,
        support_count=int(_log(rng, (6, 120))),
        support_diameters_nm=(0.5 * grain, 1.8 * grain),
        lump_share=_log(rng, (0.05, 0.6)),
        lump_contrast=rng.uniform(0.0, 0.5),
        liquid_nm=_log(rng, (20, 500)) if is_liquid else 0.0,
        gas_transmission=rng.uniform(0.8, 1) if in_gas else 1.0,
        pedestal=rng.uniform(0.2, 0.8),
        contamination=int(rng.integers(tier.contamination[0], tier.contamination[1] + 1)),
    )


def _scan(rng, tier, pixel_size_nm):
    return Scan(
        counts=_log(rng, tier.haadf_counts),
        probe_nm=_log(rng, (0.1, 0.5)),
        jitter_px=rng.uniform(0, tier.scan_jitter_px) if rng.random() < 0.5 else 0.0,
        line_gain=rng.uniform(0, 0.03) if rng.random() < 0.5 else 0.0,
        background=rng.uniform(0, 0.5),
        inner_blur_px=rng.uniform(0.3, 0.9),
    )


def _pick(rng, weights):
    names = list(weights)
    share = np.array([weights[name] for name in names], float)
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def _log(rng, ends):
    return float(np.exp(rng.uniform(*np.log(ends))))
