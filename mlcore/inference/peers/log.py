"""Blobs of many sizes: maxima over place and scale of the Laplacian of a Gaussian."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max

from mlcore.inference.distinct import distinct
from mlcore.inference.engine import Detection
from mlcore.inference.peers.common import searched

SMALLEST_SIGMA_PX = 1.5  # a disc 4 px wide
SCALES_AN_OCTAVE = 3
POINTS = 32
MOST_BLOBS = 1500
LEAST_SHARE = 0.5  # of the threshold: weaker ones are kept, less sure than what counts


@dataclass(frozen=True)
class LogEngine:
    """See `Engine`. `threshold` is of the scale-normalised response to the locally normalised frame.

    References
    ----------
    T. Lindeberg, Feature Detection with Automatic Scale Selection, IJCV 30 (1998): a disc of diameter d
    answers most at a sigma of d / (2 sqrt 2).
    """

    threshold: float = 1.3
    background_share: float = 0.1  # of the frame's longer side: sigma of the local mean and spread
    largest_share: float = 0.25  # of the frame's shorter side: diameter of the largest blob

    name = "log"
    version = "1"

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        """Discs, all bright or all dark: of the polarity that answers more."""
        image, factor = searched(image)
        if image is None or not np.ptp(image):
            return []
        flat = locally_normalised(image, self.background_share * max(image.shape))
        sigmas = self._sigmas(image.shape)
        # Minus the Laplacian: bright blobs answer with a positive value.
        stack = np.stack([-(one**2) * ndimage.gaussian_laplace(flat, one) for one in sigmas])
        least = LEAST_SHARE * self.threshold
        votes = {sign: float(np.clip(sign * stack - self.threshold, 0, None).sum()) for sign in (1, -1)}
        stack *= 1 if votes[1] >= votes[-1] else -1
        peaks = peak_local_max(
            stack, min_distance=1, threshold_abs=least, exclude_border=False, num_peaks=MOST_BLOBS
        )
        strength = stack[tuple(peaks.T)]
        outlines = [_disc(column, row, np.sqrt(2) * sigmas[scale]) for scale, row, column in peaks.tolist()]
        kept = distinct(outlines, strength)
        # What answers with the threshold has the confidence from which detections count.
        confidence = strength / (strength + 3 * self.threshold)
        height, width = image.shape
        found = [
            Detection(np.clip(outlines[k], 0, (width, height)) * factor, float(confidence[k])) for k in kept
        ]
        return sorted(found, key=lambda one: -one.confidence)

    def _sigmas(self, shape):
        largest = max(self.largest_share * min(shape) / (2 * np.sqrt(2)), 2 * SMALLEST_SIGMA_PX)
        n = int(np.ceil(SCALES_AN_OCTAVE * np.log2(largest / SMALLEST_SIGMA_PX))) + 1
        return SMALLEST_SIGMA_PX * 2.0 ** (np.arange(n) / SCALES_AN_OCTAVE)


def locally_normalised(image, sigma_px):
    """Grey levels about the local mean, in units of the local spread, both by a Gaussian of that sigma."""
    mean = ndimage.gaussian_filter(image, sigma_px, truncate=2)
    apart = image - mean
    spread = np.sqrt(ndimage.gaussian_filter(apart**2, sigma_px, truncate=2))
    return apart / np.maximum(spread, 0.1 * float(spread.mean()) + 1e-9)


def _disc(column, row, radius):
    angle = 2 * np.pi * np.arange(POINTS) / POINTS
    return np.stack([column + 0.5 + radius * np.cos(angle), row + 0.5 + radius * np.sin(angle)], axis=1)
