"""What the camera makes of an intensity: blur, counting noise, gain, flaws, whole numbers."""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from mlcore.simulation.optics import blurred, camera_frequencies

GAUSSIAN_FROM_E = 50.0  # a Poisson of this mean is a normal distribution for every purpose here


@dataclass(frozen=True)
class Camera:
    """Dose in electrons per pixel; the MTF is (1 - c) / (1 + (q / q0)^p) + c, q in units of Nyquist."""

    dose_e_px: float
    dqe: float = 0.7
    mtf_c: float = 0.05
    mtf_q0: float = 0.6
    mtf_p: float = 2.0
    read_noise_e: float = 1.0
    gain: float = 10.0
    offset: float = 100.0
    fixed_pattern: float = 0.0  # share by which pixels differ in gain
    hot_share: float = 0.0
    drift_px: tuple = (0.0, 0.0)
    vibration_px: float = 0.0
    is_noise_correlated: bool = False  # a scintillator blurs the noise as well


def exposed(intensity, camera):
    """Expected electrons in each pixel, (H, W): everything but chance."""
    qy, qx = camera_frequencies(intensity.shape)
    response = np.exp(-2 * (np.pi * camera.vibration_px) ** 2 * (qy**2 + qx**2))
    response = response * np.sinc(camera.drift_px[0] * qx + camera.drift_px[1] * qy)
    if not camera.is_noise_correlated:
        response = response * mtf(intensity.shape, camera)
    return np.maximum(blurred(intensity, response), 0) * np.float32(camera.dose_e_px * camera.dqe)


def mtf(shape, camera):
    """The modulation transfer function for `blurred`."""
    qy, qx = camera_frequencies(shape)
    q = 2 * np.sqrt(qy**2 + qx**2) / camera.mtf_q0
    return (1 - camera.mtf_c) / (1 + q**camera.mtf_p) + camera.mtf_c


def counted(electrons, rng):
    """Electrons drawn from their expectation."""
    drawn = electrons + np.sqrt(electrons) * rng.standard_normal(electrons.shape, dtype=np.float32)
    few = electrons < GAUSSIAN_FROM_E
    drawn[few] = rng.poisson(electrons[few])
    return drawn


def recorded(electrons, camera, rng):
    """A frame (H, W) uint16 of what was expected in electrons."""
    drawn = counted(electrons, rng)
    if camera.is_noise_correlated:
        drawn = fft.irfft2(fft.rfft2(drawn) * mtf(drawn.shape, camera), s=drawn.shape)
    if camera.fixed_pattern:
        drawn = drawn * (1 + camera.fixed_pattern * rng.standard_normal(drawn.shape, dtype=np.float32))
    drawn = drawn + camera.read_noise_e * rng.standard_normal(drawn.shape, dtype=np.float32)
    counts = camera.offset + camera.gain * drawn
    n_hot = rng.poisson(camera.hot_share * counts.size)
    if n_hot:
        at = rng.integers(counts.size, size=n_hot)
        counts.ravel()[at] += camera.gain * rng.uniform(0.5, 5, n_hot) * float(electrons.mean() + 20)
    return np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
