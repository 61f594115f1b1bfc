"""From the wave behind the specimen to the intensity at the camera: linear microscope, coherent envelopes."""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from mlcore.simulation.materials import wavelength_nm


@dataclass(frozen=True)
class Lens:
    """An objective lens. Underfocus is positive: it puts a bright Fresnel fringe around a particle."""

    kv: float
    defocus_nm: float = 0.0
    cs_mm: float = 0.0
    focal_spread_nm: float = 4.0
    convergence_mrad: float = 0.1
    aperture_mrad: float | None = None
    astigmatism_nm: float = 0.0
    astigmatism_rad: float = 0.0


def frequencies(shape, pitch_nm):
    """Spatial frequencies in 1/nm along y (H, 1) and x (1, W)."""
    y, x = (fft.fftfreq(side, pitch_nm).astype(np.float32) for side in shape)
    return y[:, None], x[None, :]


def transfer(shape, pitch_nm, lens):
    """exp(-i chi) times envelopes, (H, W) complex64.

    chi = pi lambda k^2 (C1) + pi/2 Cs lambda^3 k^4 with C1 = -defocus (underfocus positive) and twofold
    astigmatism; envelopes of focal spread and of convergence after J. C. H. Spence, High-Resolution Electron
    Microscopy, 4th ed., section 4.2.
    """
    wavelength = wavelength_nm(lens.kv)
    ky, kx = frequencies(shape, pitch_nm)
    k2 = ky**2 + kx**2
    cs_nm = lens.cs_mm * 1e6
    focus = -lens.defocus_nm
    if lens.astigmatism_nm:
        # cos 2(phi - phi0) k^2, without an angle's discontinuity at 0.
        twice = np.cos(2 * lens.astigmatism_rad), np.sin(2 * lens.astigmatism_rad)
        bent = lens.astigmatism_nm * ((kx**2 - ky**2) * twice[0] + 2 * kx * ky * twice[1])
    else:
        bent = 0.0
    chi = np.pi * wavelength * (focus * k2 + bent) + 0.5 * np.pi * cs_nm * wavelength**3 * k2**2
    temporal = 0.5 * (np.pi * wavelength * lens.focal_spread_nm * k2) ** 2
    slope2 = k2 * (focus + cs_nm * wavelength**2 * k2) ** 2
    spatial = (np.pi * lens.convergence_mrad * 1e-3) ** 2 * slope2
    amplitude = np.exp(-temporal - spatial)
    if lens.aperture_mrad:
        edge = lens.aperture_mrad * 1e-3 / wavelength
        amplitude = amplitude / (1 + np.exp((np.sqrt(k2) - edge) / (0.03 * edge)))
    return amplitude * np.exp((-1j * chi).astype(np.complex64))


def image_intensity(absorption, phase_rad, pitch_nm, lens):
    """|FT^-1(T . FT(exp(-absorption/2 + i phase)))|^2, (H, W) float32; 1 is the beam without a specimen."""
    wave = np.exp(np.float32(-0.5) * absorption) * np.exp((1j * phase_rad).astype(np.complex64))
    wave = fft.ifft2(fft.fft2(wave) * transfer(wave.shape, pitch_nm, lens))
    return (wave.real**2 + wave.imag**2).astype(np.float32)


def binned(image, times):
    """Means of blocks of `times` x `times`."""
    height, width = image.shape[0] // times, image.shape[1] // times
    return image.reshape(height, times, width, times).mean(axis=(1, 3))


def blurred(image, response):
    """An image (H, W) filtered by a real response (H, W // 2 + 1) of `fft.rfft2`."""
    return fft.irfft2(fft.rfft2(image) * response, s=image.shape).astype(np.float32)


def camera_frequencies(shape):
    """Frequencies in cycles per pixel for `blurred`: along y (H, 1) and x (1, W // 2 + 1)."""
    return fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None, :]
