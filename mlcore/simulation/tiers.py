"""How hard a frame is: the ranges from which the conditions of a scene are drawn (docs/simulation.md)."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Tier:
    """Ranges are (low, high); those marked log are drawn log-uniformly. Shares are of scenes."""

    name: str
    families: dict = field(
        default_factory=lambda: {
            "sphere": 3,
            "ellipsoid": 3,
            "faceted": 3,
            "octahedron": 1,
            "plate": 1,
            "rod": 2,
            "core_shell": 1.5,
            "hollow": 1,
            "nanotube": 1,
            "aggregate": 1,
        }
    )
    metals: tuple = ("gold", "platinum", "palladium", "silver", "copper")
    others: tuple = ("titania", "ceria", "iron oxide", "silica", "polystyrene")
    other_share: float = 0.3
    mixture_share: float = 0.25
    median_ecd_px: tuple = (9.0, 90.0)  # log
    ecd_nm: tuple = (1.0, 100.0)
    size_deviation: tuple = (1.03, 1.6)  # geometric
    pixel_size_nm: tuple = (0.05, 1.5)  # log
    count: tuple = (1, 300)  # log
    max_cover: tuple = (0.03, 0.35)  # of the frame by particles
    touching: tuple = (0.0, 0.1)
    max_overlap: tuple = (0.0, 0.1)
    kv: dict = field(default_factory=lambda: {80: 1, 200: 4, 300: 5})
    dose_e_px: tuple = (30.0, 1000.0)  # log
    defocus_nm: float = 150.0  # deviation
    far_defocus_share: float = 0.1  # uniform over +- 2 um
    haadf_share: float = 0.25
    haadf_counts: tuple = (20.0, 500.0)  # log; at a median particle
    support_share: float = 0.1
    lacey_share: float = 0.1
    liquid_share: float = 0.1
    film_nm: tuple = (2.0, 20.0)
    contamination: tuple = (0, 6)
    gradient: tuple = (0.0, 0.3)
    mtf_q0: tuple = (0.4, 1.0)
    drift_px: float = 1.0
    scan_jitter_px: float = 0.4


_EASY = Tier(
    "T1",
    families={"sphere": 4, "ellipsoid": 2, "faceted": 3, "octahedron": 1},
    mixture_share=0.0, touching=(0.0, 0.0), max_overlap=(0.0, 0.0), dose_e_px=(300.0, 3000.0),
    defocus_nm=80.0, far_defocus_share=0.0, support_share=0.0, lacey_share=0.0, liquid_share=0.0,
    film_nm=(1.0, 8.0), contamination=(0, 0), gradient=(0.0, 0.1), haadf_counts=(100.0, 500.0),
    max_cover=(0.02, 0.2), drift_px=0.3, scan_jitter_px=0.1,
)  # fmt: skip
_PAPER = Tier("T2")
TIERS = {
    one.name: one
    for one in (
        _EASY,
        _PAPER,
        replace(
            _PAPER, name="T3", touching=(0.5, 0.95), max_overlap=(0.02, 0.4), count=(8, 300),
            max_cover=(0.1, 0.5),
        ),
        replace(
            _PAPER, name="T4", dose_e_px=(3.0, 30.0), far_defocus_share=0.5, haadf_counts=(5.0, 20.0),
        ),
        replace(
            _PAPER, name="T5", support_share=0.65, lacey_share=0.2, liquid_share=0.35, haadf_share=0.55,
            contamination=(3, 30), median_ecd_px=(7.0, 40.0), touching=(0.0, 0.3),
            families={"sphere": 4, "ellipsoid": 4, "faceted": 3, "octahedron": 1, "plate": 0.5, "rod": 0.5},
        ),
        replace(
            _PAPER, name="T6", kv={120: 1}, families={"cube": 3, "sphere": 1, "rod": 1, "core_shell": 1},
            metals=("cadmium selenide",), other_share=0.0, mtf_q0=(0.2, 0.35), pixel_size_nm=(1.6, 3.0),
            ecd_nm=(10.0, 300.0), dose_e_px=(10.0, 300.0), touching=(0.0, 0.4), max_overlap=(0.0, 0.2),
        ),
    )
}  # fmt: skip
# What networks learn from: everything between the easiest and the hardest, never what T6 holds out.
TRAINING = replace(
    _PAPER, name="training", dose_e_px=(3.0, 1500.0), touching=(0.0, 0.9), max_overlap=(0.0, 0.4),
    max_cover=(0.01, 0.5), far_defocus_share=0.2, haadf_share=0.35, haadf_counts=(5.0, 500.0),
    support_share=0.3, lacey_share=0.15, liquid_share=0.2, contamination=(0, 30), film_nm=(1.0, 30.0),
    gradient=(0.0, 0.4), drift_px=3.0, scan_jitter_px=0.8, median_ecd_px=(7.0, 120.0),
)  # fmt: skip

# Film, support, dirt and noise, and nothing to find: what a network must learn to leave alone.
EMPTY = replace(
    TRAINING, name="empty", count=(0, 0), support_share=0.6, lacey_share=0.3, contamination=(0, 60),
)  # fmt: skip

# Supported catalysts: small bright particles on clutter that is as bright.
SUPPORTED = replace(
    TRAINING, name="supported", haadf_share=0.85, support_share=1.0, lacey_share=0.0, liquid_share=0.0,
    median_ecd_px=(6.0, 40.0), haadf_counts=(20.0, 500.0), contamination=(0, 5), max_cover=(0.01, 0.2),
    families={"sphere": 4, "ellipsoid": 4, "faceted": 3, "octahedron": 1, "plate": 0.5},
)  # fmt: skip


def tier(name):
    """A tier by name; ValueError names those there are."""
    known = {**TIERS, TRAINING.name: TRAINING, EMPTY.name: EMPTY, SUPPORTED.name: SUPPORTED}
    if name not in known:
        raise ValueError(f"There is no tier “{name}”; choose one of: {', '.join(known)}.")
    return known[name]
