"""What a pixel's surroundings look like at several scales: the features of ilastik, Weka and ParticleSpy."""

import numpy as np
from scipy import ndimage

SIGMAS_PX = (0.7, 1.6, 3.5, 8.0)
A_SIGMA = 7  # features
N_FEATURES = A_SIGMA * len(SIGMAS_PX)


def pixel_features(image):
    """Gaussian, Laplacian, gradient, eigenvalues of the structure tensor and of the Hessian at each scale.

    Parameters
    ----------
    image : ndarray of shape (H, W)
        Normalised grey levels.

    Returns
    -------
    ndarray of shape (H, W, N_FEATURES), float32
    """
    out = np.empty((*image.shape, N_FEATURES), np.float32)
    for k, sigma in enumerate(SIGMAS_PX):
        smooth = ndimage.gaussian_filter(image, sigma, truncate=3)
        down, right = (sigma * one for one in np.gradient(smooth))
        first = [down * down, down * right, right * right]
        tensor = [ndimage.gaussian_filter(one, 2 * sigma, truncate=3) for one in first]
        second = [np.gradient(down, axis=0), np.gradient(down, axis=1), np.gradient(right, axis=1)]
        hessian = [sigma * one for one in second]
        features = [
            smooth, hessian[0] + hessian[2], np.hypot(down, right), *_eigenvalues(*hessian),
            *_eigenvalues(*tensor),
        ]  # fmt: skip
        for n, one in enumerate(features):
            out[..., A_SIGMA * k + n] = one
    return out


def _eigenvalues(a, b, c):
    """Larger and smaller of the symmetric matrix [[a, b], [b, c]] at each pixel."""
    middle, reach = (a + c) / 2, np.hypot((a - c) / 2, b)
    return middle + reach, middle - reach
