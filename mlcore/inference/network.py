"""The learned engine: a detector's maps at the sampling that suits the particles, particles from the maps."""

from dataclasses import dataclass

import numpy as np

from annotations.outline import polygon_area
from annotations.shape import touches_border
from mlcore.data.sampling import CANONICAL_PX
from mlcore.inference.agreeing import agreeing
from mlcore.inference.canonical import Canonical
from mlcore.inference.decoders import DECODERS, sigmoid
from mlcore.inference.engine import Detection
from mlcore.inference.estimate import Estimate
from mlcore.inference.graphics import LEFT_OUT, burned_in, covers, without
from mlcore.inference.merging import fitness, merged
from mlcore.inference.preparation import MIN_SIDE_PX, cleaned, picture_rows
from mlcore.inference.runtime import ANY, make_runtime
from mlcore.inference.sizing import Sizer
from mlcore.inference.tiling import predicted, windows
from mlcore.inference.weights import DETECTOR, FEATURENET, SHIPPED, load_into, read_model
from mlcore.nets.channels import CHANNELS_OF

OVERVIEWS_PX = (224, 640)  # longest sides of the first looks
ZOOMS = (0.1, 2.0)
LARGE_FRAME_PX2 = 2**24  # is never enlarged: what is too small there cannot be waited for
MOST_LOOKS = 5
NEAR = 0.5  # octaves: a look at that distance from the best zoom is good enough to be the last
FEW = 1.5  # particles for certain: less says nothing of their size


@dataclass(frozen=True)
class Seen:
    """One particle of one look: outline in the frame's pixels, its diameter in those of the look."""

    outline: np.ndarray
    confidence: float
    label: str
    ecd_look_px: float
    estimate: Estimate | None = None


@dataclass(frozen=True)
class Look:
    """What was seen at one zoom."""

    zoom: float
    seen: list


class NetworkEngine:
    """See `Engine`. `folder` holds the weights; by default those that are shipped."""

    name = "network"

    def __init__(self, folder=SHIPPED, runtime=None):
        self.model = read_model(folder)
        self.version = self.model.version
        about = self.model.about
        self.mode = about["detector"]["mode"]
        if self.mode not in DECODERS:
            raise ValueError(f"The weights in “{folder}” are of an unknown kind, “{self.mode}”.")
        self.trust = about.get("confidence", {"slope": 1.0, "offset": 0.0})
        key = self.model.sha256[:16]
        self.maps = make_runtime(
            lambda: _detector(self.model), (ANY, 1, ANY, ANY), f"detector-{key}", runtime
        )
        self.sizer = None
        if FEATURENET in about["files"]:
            answers = make_runtime(
                lambda: _featurenet(self.model), (ANY, 4, 64, 64), f"featurenet-{key}", runtime
            )
            self.sizer = Sizer(lambda crops: answers(crops)[0], about["intervals"])

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        """See `Engine.find`. The pixel size is not used: particles are known by their edges, in pixels."""
        step = on_step or (lambda share: None)
        image = cleaned(image)
        if image is None or min(image.shape) < MIN_SIDE_PX:
            return []
        frame_shape = image.shape
        image = image[picture_rows(image)]
        boxes, drawn = burned_in(image)
        if on_note and (boxes or image.shape != frame_shape):
            on_note(LEFT_OUT)
        image = without(image, drawn) if boxes else image
        step(0.02)
        looks = self._looks(image, step)
        limit = (frame_shape[1], frame_shape[0])
        found = [
            Detection(
                np.clip(one.outline, 0, limit), self.confidence(one.confidence), one.label, one.estimate
            )
            for one in merged([one.seen for one in looks])
            if not covers(boxes, one.outline)
        ]
        step(1.0)
        return sorted(found, key=lambda one: -one.confidence)

    def confidence(self, raw):
        """The share of such finds that are particles, fitted on frames that no network learnt from."""
        odds = np.log(np.clip(raw, 1e-4, 1 - 1e-4) / (1 - np.clip(raw, 1e-4, 1 - 1e-4)))
        return float(1 / (1 + np.exp(-(self.trust["slope"] * odds + self.trust["offset"]))))

    def _looks(self, image, step):
        """Looks at the frame, the one at the best zoom last."""
        looks = []
        wanted = [min(side / max(image.shape), 1.0) for side in OVERVIEWS_PX]
        while wanted:
            zoom, begin = wanted.pop(0), 0.02 + 0.9 * len(looks) / (len(looks) + 2)
            looks.append(Look(zoom, self._look(image, zoom, lambda share, begin=begin: step(begin))))
            if wanted or len(looks) == MOST_LOOKS:
                continue
            best = best_zoom(looks, image.shape)
            nearest = min(looks, key=lambda one: abs(np.log2(one.zoom / best)))
            if abs(np.log2(nearest.zoom / best)) > NEAR:
                wanted.append(best)
        best = best_zoom(looks, image.shape)
        return sorted(looks, key=lambda one: -abs(np.log2(one.zoom / best)))

    def _look(self, image, zoom, step):
        canonical = Canonical(image, zoom)
        seen = []
        places = list(windows(canonical.shape))
        for done, (window, core) in enumerate(places, start=1):
            frame = canonical.window(*window)
            logits = predicted(frame, lambda tile: self.maps(tile)[0], len(CHANNELS_OF[self.mode]))
            corner = np.array([window[1].start, window[0].start])
            mine = [one for one in DECODERS[self.mode](logits) if _is_within(one.outline + corner, core)]
            ecd = [2 * np.sqrt(polygon_area(one.outline) / np.pi) for one in mine]
            sized = self._sizes(frame, logits, mine, ecd, corner, canonical.shape)
            for one, diameter, (outline, estimate) in zip(mine, ecd, sized, strict=True):
                outline = (outline + corner) / canonical.zoom_xy
                seen.append(Seen(outline, one.confidence, one.label, diameter, estimate))
            step(done / len(places))
        return seen

    def _sizes(self, frame, logits, found, ecd, corner, shape):
        """Outlines and estimates; as they are without a FeatureNet, and where a look does not suit a size."""
        answers = [(one.outline, None) for one in found]
        wanted = [k for k, diameter in enumerate(ecd) if fitness(diameter) > 0.5]
        if self.sizer is None or not wanted:
            return answers
        maps = dict(zip(CHANNELS_OF[self.mode], logits, strict=True))
        maps = {name: sigmoid(maps[name]) for name in ("foreground", "distance")}
        outlines = [found[k].outline for k in wanted]
        is_cut = [touches_border(one + corner, shape[::-1]) for one in outlines]
        for k, estimate in zip(wanted, self.sizer(frame, maps, outlines, is_cut=is_cut), strict=True):
            if estimate is not None:
                answers[k] = agreeing(found[k].outline, estimate)
        return answers


def _is_within(outline, core):
    middle = (outline.min(0) + outline.max(0)) / 2
    return all(span.start <= at < span.stop for span, at in zip(core, middle[::-1], strict=True))


def best_zoom(looks, shape):
    """The zoom at which the median of what all looks saw would be CANONICAL_PX wide.

    Each find counts by how sure it is and how well its look suited it. Where hardly anything was seen,
    particles may be too small so far: three times the largest zoom.
    """
    most = ZOOMS[1] if shape[0] * shape[1] < LARGE_FRAME_PX2 else 1.0
    seen = [(one.ecd_look_px / look.zoom, one.confidence * fitness(one.ecd_look_px))
            for look in looks for one in look.seen]  # fmt: skip
    size, weight = np.array(seen).reshape(-1, 2).T
    if weight.sum() < FEW:
        return min(3 * max(look.zoom for look in looks), most)
    order = np.argsort(size)
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return float(np.clip(CANONICAL_PX / size[order][middle], ZOOMS[0], most))


def _detector(model):
    from mlcore.nets.detector import build_detector

    about = model.about["detector"]
    return load_into(build_detector(about["width"], CHANNELS_OF[about["mode"]]), model.path(DETECTOR))


def _featurenet(model):
    from mlcore.nets.featurenet import build_featurenet

    return load_into(build_featurenet("ours"), model.path(FEATURENET))
