"""Outlines of boxes by a detector that was trained before: one round of learning from oneself."""

import numpy as np
import torch

from mlcore.data.crops import ZOOM_LIMITS
from mlcore.data.sampling import CANONICAL_PX, normalised, resampled
from mlcore.evaluation.matching import box_iou, match
from mlcore.inference.decode import instances
from mlcore.inference.tiling import predicted
from mlcore.nets.channels import CHANNELS
from mlcore.nets.detector import build_detector
from mlcore.training import checkpoint

MIN_IOU = 0.6  # of the boxes, for an instance to be the box's


class Teacher:
    """A checkpoint's averaged weights, as `sources.of_boxes` wants its `propose`.

    Raises
    ------
    ValueError
        In one sentence, if the file is no checkpoint of a detector with all its maps.
    """

    def __init__(self, path):
        state = checkpoint.load(path)
        if state is None:
            raise ValueError(f"The teacher “{path}” does not exist; name a checkpoint.pt of a detector.")
        config = state.get("config", {}) if isinstance(state, dict) else {}
        if config.get("mode") != "ours" or "average" not in state:
            raise ValueError(f"The teacher “{path}” is no checkpoint of a detector of mode “ours”.")
        self.net = build_detector(config["width"])
        self.net.load_state_dict(state["average"])
        self.net.eval()

    def __call__(self, image, boxes):
        """An outline (V, 2) in the image's pixels, or None, for each box (K, 4), x, y, width, height."""
        if not len(boxes):
            return []
        found = self.found(image, boxes)
        theirs = [[*one.min(0), *np.ptp(one, axis=0)] for one in found]
        outlines = [None] * len(boxes)
        iou = box_iou(boxes, np.array(theirs, float).reshape(-1, 4))
        for k, j in match(iou, MIN_IOU).pairs:
            outlines[k] = found[j]
        return outlines

    def found(self, image, boxes):
        """All outlines that it finds in an image at the scale that boxes tell, in the image's pixels."""
        typical = np.median(np.sqrt(boxes[:, 2] * boxes[:, 3])) if len(boxes) else CANONICAL_PX
        frame, zoom_xy = resampled(image, float(np.clip(CANONICAL_PX / typical, *ZOOM_LIMITS)))
        logits = predicted(normalised(frame), self._run, len(CHANNELS))
        maps = {
            name: one if name == "log_ecd" else 1 / (1 + np.exp(-one))
            for name, one in zip(CHANNELS, logits, strict=True)
        }
        return [one.outline / zoom_xy for one in instances(maps)]

    def _run(self, batch):
        with torch.inference_mode():
            return self.net(torch.from_numpy(batch.astype(np.float32))).numpy()
