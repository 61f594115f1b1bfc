"""What a GAN is told of a patch: a vector of conditions and maps, the same in training and in use."""

import numpy as np

from mlcore.simulation.families import FAMILIES

MAPS = ("image", "clean", "mask", "thickness")
FAMILY_NAMES = tuple(FAMILIES)
# Name -> (middle, spread): standardised by what the simulator draws.
CONTINUOUS = {
    "log_ecd_px": (3.2, 0.8), "aspect_ratio": (1.3, 0.5), "roundness": (0.8, 0.2),
    "log_pixel_size_nm": (-0.7, 0.9), "kv": (250.0, 60.0), "log_dose": (4.5, 1.5), "defocus_um": (0.0, 0.5),
}  # fmt: skip
VECTOR = (*CONTINUOUS, "is_dark_field", *FAMILY_NAMES)
HIGHEST = 3.0  # deviations: what is farther off is told as that
PERCENT = (0.5, 99.5)


def grey_range(image):
    """(low, high) of a frame's grey levels, which become 0 and 1."""
    low, high = (float(value) for value in np.percentile(image, PERCENT))
    return (low, high) if high > low else (low, low + 1.0)


def levels(image, ends=None):
    """A frame (H, W) in levels from 0 to 1, float32; a few pixels lie beyond."""
    low, high = ends or grey_range(image)
    return np.clip((np.asarray(image, np.float32) - low) / (high - low), -0.5, 1.5)


def maps_of(scene, maps):
    """A simulated scene's maps (4, H, W) float32, in the order of MAPS."""
    ends = grey_range(scene.image)
    # Expected electrons have another scale than counts; their own ends make them comparable.
    return np.stack(
        [levels(scene.image, ends), levels(maps.clean), maps.mask, 1 - np.exp(-maps.thickness)]
    ).astype(np.float32)


def vector_of(particles, conditions):
    """The condition vector (len(VECTOR),) of some particles of a scene, their mean; zeros where none are."""
    vector = np.zeros(len(VECTOR), np.float32)
    dose = conditions.scan.counts if conditions.scan is not None else conditions.camera.dose_e_px
    known = {
        "log_pixel_size_nm": np.log(conditions.pixel_size_nm), "kv": conditions.lens.kv,
        "log_dose": np.log(max(dose, 1e-3)), "defocus_um": conditions.lens.defocus_nm / 1000,
    }  # fmt: skip
    if particles:
        known |= {
            "log_ecd_px": np.mean([np.log(one.ecd_px) for one in particles]),
            "aspect_ratio": np.mean([one.aspect_ratio for one in particles]),
            "roundness": np.mean([one.roundness for one in particles]),
        }
    for k, (name, (middle, spread)) in enumerate(CONTINUOUS.items()):
        value = (known.get(name, middle) - middle) / spread
        vector[k] = np.clip(value if np.isfinite(value) else 0, -HIGHEST, HIGHEST)
    vector[len(CONTINUOUS)] = conditions.mode != "BF"
    for one in particles:
        vector[VECTOR.index(one.family)] += 1 / len(particles)
    return vector
