"""What a course teaches: blur, Otsu's threshold, fill, distance transform, watershed."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from mlcore.inference.peers.common import detections, searched, split


@dataclass(frozen=True)
class OtsuEngine:
    """See `Engine`. Lengths in pixels of the frame as it is searched."""

    blur_px: float = 2.0
    seed_distance_px: int = 5
    min_area_px2: int = 20

    name = "otsu"
    version = "1"

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        """Particles, dark or bright by what the frame's border is; all of confidence 1."""
        image, factor = searched(image)
        if image is None:
            return []
        smooth = ndimage.gaussian_filter(image, self.blur_px)
        level = threshold_otsu(smooth)
        border = np.concatenate([smooth[0], smooth[-1], smooth[:, 0], smooth[:, -1]])
        mask = ndimage.binary_fill_holes(smooth < level if np.median(border) > level else smooth > level)
        labels = split(mask, self.seed_distance_px)
        return detections(labels, np.ones(mask.shape), self.min_area_px2, factor)
