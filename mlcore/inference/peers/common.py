"""What the peers share: size of the search, watershed of a mask, and outlines as detections."""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from annotations.outline import mask_outline
from mlcore.inference.engine import Detection
from mlcore.inference.preparation import cleaned

SEARCH_PX2 = 1.4e6  # larger frames are searched at half size, as by the classical engine
CORE_BLUR_PX = 2.0


def searched(image):
    """The frame as float32 without NaN, at half size while it is large; and the factor back to its pixels.

    None where the frame shows nothing.
    """
    image = cleaned(image)
    if image is None:
        return None, 1.0
    image = np.asarray(image, np.float32)
    halvings = 0
    while image.shape[0] * image.shape[1] / 4**halvings > SEARCH_PX2:
        halvings += 1
    if halvings:
        size = [max(side >> halvings, 1) for side in image.shape[::-1]]
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
    return image, float(2**halvings)


def split(mask, seed_distance_px):
    """Labels (H, W) of a mask: watershed of its distance transform, from maxima that far apart."""
    distance = ndimage.distance_transform_edt(mask)
    regions, _ = ndimage.label(mask)
    smooth = ndimage.gaussian_filter(distance, CORE_BLUR_PX)
    places = peak_local_max(smooth, min_distance=int(seed_distance_px), labels=regions, exclude_border=False)
    seeds = np.zeros(mask.shape, int)
    seeds[tuple(places.T)] = np.arange(1, len(places) + 1)
    return watershed(-distance, seeds, mask=mask)


def detections(labels, confidence, min_area_px2, factor):
    """Detections of label map (H, W) regions; `confidence` is a map (H, W), averaged over each."""
    found = []
    for k, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is None:
            continue
        mine = labels[window] == k
        if np.count_nonzero(mine) < min_area_px2:
            continue
        outline = mask_outline(mine)
        if outline is not None:
            outline = (outline + (window[1].start, window[0].start)) * factor
            found.append(Detection(outline, float(confidence[window][mine].mean())))
    return sorted(found, key=lambda one: -one.confidence)
