"""Particles and conditions to a frame: thickness, then wave or scan, then camera."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from mlcore.simulation import backgrounds, optics
from mlcore.simulation.camera import exposed, recorded
from mlcore.simulation.materials import MATERIALS, interaction_rad_per_v_nm

SUPERSAMPLING = 2  # Fresnel fringes alias otherwise
FULL_WELL = 60000  # counts
MARGIN_PX = 32  # of specimen beyond the frame: a Fourier transform's edges must not be seen


@dataclass
class Specimen:
    """What the beam meets, on a grid finer than the camera's by SUPERSAMPLING, MARGIN_PX wider all around.

    `absorption` is the sum of t / lambda_eff, `phase` in rad, `z_signal` the sum of n Z^1.7 t; those of
    particles alone are kept for their visibility.
    """

    pitch_nm: float
    absorption: np.ndarray
    phase: np.ndarray
    z_signal: np.ndarray
    background_absorption: np.ndarray
    background_z: np.ndarray
    particle_absorption: list
    particle_z: list


def surroundings(rng, conditions, size_px):
    """Film, supports and dirt as (fields by material, support thickness or None)."""
    pitch = conditions.pixel_size_nm / SUPERSAMPLING
    shape = tuple((side + 2 * MARGIN_PX) * SUPERSAMPLING for side in size_px[::-1])
    about, layers, support = conditions.film, [], None
    if about.thickness_nm:
        sheet = backgrounds.film(
            rng, shape, pitch, about.thickness_nm, about.correlation_nm, about.beta, about.roughness
        )
        if about.hole_nm:
            sheet = sheet * backgrounds.lacey(rng, shape, pitch, about.hole_nm).astype(np.float32)
        layers.append((about.material, sheet))
    if about.support:
        grains = about.support_diameters_nm
        support = backgrounds.blobs(rng, shape, pitch, about.support_count, grains)
        # Grains are made of smaller ones: pores and lumps a fraction of a grain wide.
        texture = backgrounds.rough(rng, shape, pitch, grains[0] * about.lump_share, about.beta)
        support *= np.maximum(1 + np.float32(about.lump_contrast) * texture.astype(np.float32), 0)
        layers.append((about.support, support))
    if about.contamination:
        layers.append(("carbon", backgrounds.contamination(rng, shape, pitch, about.contamination)))
    return shape, layers, support


def build(conditions, shape, layers, particles):
    """The specimen of a scene."""
    kv, pitch = conditions.lens.kv, conditions.pixel_size_nm / SUPERSAMPLING
    sigma = interaction_rad_per_v_nm(kv)
    absorption, phase, z_signal = (np.zeros(shape, np.float32) for _ in range(3))
    for name, thickness in layers:
        material = MATERIALS[name]
        absorption += thickness / np.float32(material.mean_free_path(kv))
        phase += thickness * np.float32(sigma * material.inner_potential_v)
        z_signal += thickness * np.float32(material.z_signal_per_nm)
    background_absorption, background_z = absorption.copy(), z_signal.copy()
    of_absorption, of_z = [], []
    corner = MARGIN_PX * conditions.pixel_size_nm
    for particle in particles:
        outline = particle.outline() + corner
        low, high = outline.min(0), outline.max(0)
        window = backgrounds.patch(shape, pitch, *((low + high) / 2), float((high - low).max() / 2 + pitch))
        of_absorption.append(0.0)
        of_z.append(0.0)
        if window is None:
            continue
        rows, columns, y, x = window
        covered = 0
        for name, thickness in particle.thickness(x - corner, y - corner).items():
            material = MATERIALS[name]
            factor = particle.diffraction if material.is_crystalline else 1.0
            lost = thickness * (factor / material.mean_free_path(kv))
            signal = thickness * material.z_signal_per_nm
            absorption[rows, columns] += lost.astype(np.float32)
            phase[rows, columns] += (thickness * (sigma * material.inner_potential_v)).astype(np.float32)
            z_signal[rows, columns] += signal.astype(np.float32)
            of_absorption[-1] += float(lost.sum())
            of_z[-1] += float(signal.sum())
            covered = max(covered, int((thickness > 0).sum()))
        of_absorption[-1] /= max(covered, 1)
        of_z[-1] /= max(covered, 1)
    return Specimen(
        pitch, absorption, phase, z_signal, background_absorption, background_z, of_absorption, of_z
    )


def bright_field(rng, conditions, specimen):
    """Expected electrons (H, W), and the share of the beam that the surroundings let through."""
    about = conditions.film
    through = np.exp(-about.liquid_nm / MATERIALS["water"].mean_free_path(conditions.lens.kv))
    through *= about.gas_transmission
    intensity = optics.image_intensity(
        specimen.absorption, specimen.phase, specimen.pitch_nm, conditions.lens
    )
    intensity = optics.binned(intensity, SUPERSAMPLING)
    if about.liquid_nm > 100:  # many scatterings, a little blur: chromatic, about 0.1 nm per 100 nm
        intensity = ndimage.gaussian_filter(
            intensity, 0.1 * about.liquid_nm / 100 / conditions.pixel_size_nm, truncate=3
        )
    intensity = intensity * through + (1 - through) * about.pedestal
    intensity = intensity * backgrounds.illumination(
        rng, intensity.shape, conditions.gradient, conditions.vignetting
    )
    return _cropped(exposed(intensity, conditions.camera)), through


def dark_field(rng, conditions, specimen):
    """Expected counts (H, W), and counts per unit of Z signal."""
    scan = conditions.scan
    typical = [signal for signal in specimen.particle_z if signal > 0]
    unit = scan.counts / float(np.median(typical)) if typical else scan.counts / specimen.z_signal.max()
    signal = ndimage.gaussian_filter(specimen.z_signal, scan.probe_nm / specimen.pitch_nm, truncate=3)
    counts = optics.binned(signal, SUPERSAMPLING) * np.float32(unit) + scan.background * scan.counts
    counts = ndimage.gaussian_filter(counts, scan.inner_blur_px, truncate=3)
    counts = counts * backgrounds.illumination(rng, counts.shape, 0.3 * conditions.gradient, 0.0)
    return _cropped(backgrounds.shaken(rng, counts, scan.jitter_px, scan.line_gain)), unit


def frame(rng, conditions, expected):
    """The recorded frame (H, W) uint16, at a gain that leaves nothing but a few pixels saturated."""
    camera = conditions.camera
    most = float(np.quantile(expected[::4, ::4], 0.999)) + 5 * camera.read_noise_e + 5
    return recorded(expected, replace(camera, gain=min(camera.gain, FULL_WELL / (1.3 * most))), rng)


def _cropped(image):
    return np.ascontiguousarray(image[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])
