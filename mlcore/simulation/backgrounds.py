"""What lies around particles: films, supports, holes, contamination; as thickness in nm on a grid."""

import numpy as np
from scipy import fft, ndimage
from scipy.spatial.transform import Rotation

from mlcore.simulation.optics import frequencies
from mlcore.simulation.solids import Ellipsoid


def rough(rng, shape, pitch_nm, correlation_nm, beta):
    """A random field of mean 0 and deviation 1 with a power of 1/f^beta below its correlation length."""
    ky, kx = frequencies(shape, pitch_nm)
    kx = kx[:, : shape[1] // 2 + 1]
    amplitude = (1 + (correlation_nm**2) * (ky**2 + kx**2)) ** (-beta / 2)
    noise = fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    noise[0, 0] = 0
    field = fft.irfft2(noise * amplitude.astype(np.float32), s=shape)
    return field / max(float(field.std()), 1e-12)


def film(rng, shape, pitch_nm, thickness_nm, correlation_nm, beta, roughness):
    """A film of a mean thickness that varies by a share `roughness`."""
    return np.maximum(
        thickness_nm * (1 + roughness * rough(rng, shape, pitch_nm, correlation_nm, beta)), 0
    ).astype(np.float32)


def lacey(rng, shape, pitch_nm, hole_nm):
    """1 on the net and 0 in its holes, with edges a few per cent of a hole wide; (H, W) float32."""
    field = rough(rng, shape, pitch_nm, hole_nm, 4.0)
    level = np.quantile(field, rng.uniform(0.3, 0.7))
    return 1 / (1 + np.exp(np.clip(-(field - level) * 12, -30, 30)))


def contamination(rng, shape, pitch_nm, count):
    """Soft bumps of 1 to 20 nm of carbon, 4 to 120 nm wide."""
    total = np.zeros(shape, np.float32)
    for _ in range(count):
        width = np.exp(rng.uniform(np.log(4), np.log(120)))
        _add_bump(total, rng, pitch_nm, width, rng.uniform(1, 20))
    return total


def blobs(rng, shape, pitch_nm, count, diameters_nm):
    """A support of overlapping rounded grains, as silica and alumina are: (H, W) of summed thickness."""
    total = np.zeros(shape, np.float32)
    extent = np.array(shape) * pitch_nm
    # Grains come in clumps, so that the frame has bare parts too.
    heart = rng.uniform(0, 1, (rng.integers(1, 5), 2)) * extent
    spread = rng.uniform(0.1, 0.45) * extent.max()
    for _ in range(count):
        y, x = heart[rng.integers(len(heart))] + rng.normal(0, spread, 2)
        diameter = np.exp(rng.uniform(*np.log(diameters_nm)))
        solid = Ellipsoid.of(diameter / 2 * rng.uniform(0.6, 1.2, 3), Rotation.random(rng=rng).as_matrix())
        window = patch(shape, pitch_nm, x, y, 0.62 * diameter)
        if window:
            rows, columns, ys, xs = window
            total[rows, columns] += solid.thickness(xs - x, ys - y).astype(np.float32)
    return total


def patch(shape, pitch_nm, x_nm, y_nm, reach_nm):
    """The window of a grid around a point: (rows, columns, y (h, 1), x (1, w)) in nm, or None outside."""
    low_y, high_y = _span(y_nm, reach_nm, pitch_nm, shape[0])
    low_x, high_x = _span(x_nm, reach_nm, pitch_nm, shape[1])
    if low_y >= high_y or low_x >= high_x:
        return None
    y = ((np.arange(low_y, high_y) + 0.5) * pitch_nm)[:, None]
    x = ((np.arange(low_x, high_x) + 0.5) * pitch_nm)[None, :]
    return slice(low_y, high_y), slice(low_x, high_x), y, x


def illumination(rng, shape, gradient, vignetting):
    """How the beam's brightness varies: a ramp of `gradient` end to end and a fall-off to the corners."""
    y = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[None, :]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = 1 + gradient * (np.cos(angle) * x + np.sin(angle) * y)
    cx, cy = rng.normal(0, 0.15, 2)
    return ramp * (1 - vignetting * 2 * ((x - cx) ** 2 + (y - cy) ** 2))


def shaken(rng, image, jitter_px, gain_deviation):
    """Rows displaced by an AR(1) walk (rho 0.9) and of unequal gain, as a scan makes them."""
    height, width = image.shape
    if jitter_px > 0:
        steps = rng.normal(0, jitter_px * np.sqrt(1 - 0.81), height)
        shift = np.zeros(height)
        for row in range(1, height):
            shift[row] = 0.9 * shift[row - 1] + steps[row]
        places = np.stack(
            [np.broadcast_to(np.arange(height)[:, None], image.shape), np.arange(width) + shift[:, None]]
        )
        image = ndimage.map_coordinates(image, places, order=1, mode="nearest")
    gain = 1 + gain_deviation * rng.standard_normal((height, 1), dtype=np.float32)
    return image * np.maximum(gain, 0)


def _add_bump(total, rng, pitch_nm, width_nm, height_nm):
    y, x = rng.uniform(0, 1, 2) * total.shape * pitch_nm
    window = patch(total.shape, pitch_nm, x, y, 1.5 * width_nm)
    if window:
        rows, columns, ys, xs = window
        square = ((xs - x) ** 2 + (ys - y) ** 2) / (width_nm / 2.355) ** 2
        total[rows, columns] += (height_nm * np.exp(-0.5 * square)).astype(np.float32)


def _span(centre, reach, pitch, size):
    return max(int((centre - reach) / pitch) - 1, 0), min(int((centre + reach) / pitch) + 2, size)
