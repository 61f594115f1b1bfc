"""What specimens are made of: how strongly each material scatters."""

from dataclasses import dataclass

import numpy as np

# Relativistic wavelength in pm and interaction constant in rad per V nm, by acceleration voltage in kV
# (E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd ed., eqs. 2.5 and 5.6).
ELECTRON_MASS_EV = 510_998.95
HC_EV_NM = 1_239.841984


@dataclass(frozen=True)
class Material:
    """Effective elastic mean free paths behind a 10 mrad aperture, and what phase and Z contrast need.

    The mean free paths follow Langmore and Smith's cross-section (Ultramicroscopy 46 (1992) 349) at 80, 200
    and 300 kV; inner potentials are textbook values (V); `atoms_nm3` is the number density, `z` the mean
    atomic number that Z contrast sees.
    """

    name: str
    mean_free_path_nm: tuple[float, float, float]
    inner_potential_v: float
    z: float
    atoms_nm3: float
    is_crystalline: bool = False

    def mean_free_path(self, kv):
        """nm at a voltage, interpolated in log(kV) and held at the ends."""
        return float(np.exp(np.interp(np.log(kv), np.log([80, 200, 300]), np.log(self.mean_free_path_nm))))

    @property
    def z_signal_per_nm(self):
        """Signal in an annular dark-field detector per nm, up to a factor: n Z^1.7 (S. J. Pennycook 1989)."""
        return self.atoms_nm3 * self.z**1.7


MATERIALS = {
    one.name: one
    for one in (
        Material("carbon", (149, 365, 553), 10, 6, 100),
        Material("polystyrene", (293, 726, 1104), 8, 3.5, 97),
        Material("water", (268, 642, 957), 4.5, 3.3, 100),
        Material("silica", (99, 226, 326), 10, 10, 66),
        Material("silicon nitride", (69, 157, 227), 15, 10, 94),
        Material("alumina", (75, 165, 235), 14, 10, 115),
        Material("titania", (48, 104, 146), 15, 12.7, 90, True),
        Material("ceria", (19, 38, 50), 19, 24.7, 75, True),
        Material("gold", (6, 12, 15), 27, 79, 59, True),
        Material("platinum", (6, 11, 13), 27, 78, 66, True),
        Material("palladium", (11, 21, 28), 24, 46, 68, True),
        Material("silver", (12, 24, 31), 21, 47, 58.6, True),
        Material("copper", (16, 34, 46), 23, 29, 85, True),
        Material("cadmium selenide", (23, 46, 61), 15, 41, 36, True),
        Material("iron oxide", (32, 69, 96), 17, 14.3, 94, True),
    )
}


def wavelength_nm(kv):
    """Relativistic wavelength: 2.508 pm at 200 kV."""
    energy = kv * 1e3
    return HC_EV_NM / np.sqrt(energy * (2 * ELECTRON_MASS_EV + energy))


def interaction_rad_per_v_nm(kv):
    """Phase per volt and nm: 7.29 mrad at 200 kV."""
    energy = kv * 1e3
    ratio = (ELECTRON_MASS_EV + energy) / (2 * ELECTRON_MASS_EV + energy)
    return 2 * np.pi / (wavelength_nm(kv) * energy) * ratio
