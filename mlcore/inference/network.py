"""The learned engine: a detector's maps at the sampling that suits the particles, particles from the maps."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from annotations.shape import touches_border
from mlcore.data.examples import KINDS
from mlcore.data.sampling import CANONICAL_PX
from mlcore.inference import classical, evidence, judge
from mlcore.inference.agreeing import agreeing
from mlcore.inference.canonical import Canonical
from mlcore.inference.decode import Instance, Region
from mlcore.inference.decoders import DECODERS, sigmoid
from mlcore.inference.engine import Detection
from mlcore.inference.estimate import Estimate
from mlcore.inference.familiarity import STRANGE, is_strange
from mlcore.inference.graphics import covers, picture_of
from mlcore.inference.merging import fitness, survivors
from mlcore.inference.preparation import MIN_SIDE_PX, cleaned
from mlcore.inference.runtime import make_runtime
from mlcore.inference.sizing import Sizer
from mlcore.inference.tiling import predicted, windows
from mlcore.inference.weights import DETECTOR, FEATURENET, SHIPPED, load_into, read_model, tensors
from mlcore.nets.channels import CHANNELS_OF

OVERVIEWS_PX = (224, 640)  # longest sides of the first looks
ZOOMS = (0.1, 2.0)
LARGE_FRAME_PX2 = 2**24  # is never enlarged: what is too small there cannot be waited for
BLANK = "The image has one value throughout: there is nothing to find in it."
TOO_SMALL = f"An image of less than {MIN_SIDE_PX} px a side is not searched."
MOST_LOOKS = 5
NEAR = 0.35  # octaves: a look at that distance from the best zoom is good enough to be the last
FEW = 1.5  # particles for certain: less says nothing of their size
LEAST_CONFIDENCE = 0.05  # less is not told
PROPOSED = "proposed"  # by the classical engine: of no class yet


@dataclass(frozen=True)
class View:
    """What a look needs to settle a window's particles: the window's pixels, its maps, and where it lies."""

    frame: np.ndarray
    maps: dict
    corner: np.ndarray
    zoom_xy: np.ndarray
    look_size: tuple


@dataclass(frozen=True)
class Settled:
    """What stays of a find when its maps are gone."""

    label: str
    confidence: float
    ecd_px: float
    box: np.ndarray


@dataclass
class Sighting:
    """One find of one look; once settled it has its outline, in the frame's pixels, and the maps there."""

    found: Instance | Region | Settled
    view: View | None
    outline: np.ndarray | None = None
    maps: np.ndarray | None = None
    estimate: Estimate | None = None

    @property
    def ecd_look_px(self):
        return self.found.ecd_px

    @property
    def confidence(self):
        return self.found.confidence

    @property
    def box(self):
        """x, y, width, height in the look's pixels."""
        return self.found.box if self.view is None else self.found.box + [*self.view.corner, 0, 0]

    @property
    def label(self):
        return self.found.label


@dataclass(frozen=True)
class Look:
    """What was seen at one zoom; `features` (F,) are the encoder's, means over the frame.

    `proposed` are the classical engine's finds, by their number, as sightings in this look's maps. A look of
    one window keeps that as its `view`: its proposals can come later.
    """

    zoom: float
    seen: list
    features: np.ndarray
    proposed: dict = field(default_factory=dict)
    view: View | None = None


@dataclass(frozen=True, eq=False)
class Proposals:
    """What the classical engine found: outlines in the frame's pixels, and how sure it is."""

    outlines: list
    sure: list


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
        self.judge = about.get("judge")
        self.maps = make_runtime(
            lambda ranges: graphs().detector(tensors(self.model.path(DETECTOR)), ranges),
            lambda: _detector(self.model), runtime, about.get("ranges"),
        )  # fmt: skip
        self.sizer = None
        if FEATURENET in about["files"]:
            answers = make_runtime(
                lambda ranges: graphs().featurenet(tensors(self.model.path(FEATURENET))),
                lambda: _featurenet(self.model), runtime,
            )  # fmt: skip
            self.sizer = Sizer(lambda crops: answers(crops)[0], about["intervals"])

    def find(self, image, pixel_size_nm=None, on_step=None, on_note=None):
        """See `Engine.find`. The pixel size is not used: particles are known by their edges, in pixels."""
        step = on_step or (lambda share: None)
        image = cleaned(image)
        if image is None or min(image.shape) < MIN_SIDE_PX:
            if on_note:
                on_note(BLANK if image is None else TOO_SMALL)
            return []
        picture = picture_of(image, on_note)
        step(0.02)
        looks, sightings, finds = self._gathered(picture, step)
        familiar = self.model.about.get("familiar")
        if on_note and familiar and is_strange(min(looks, key=lambda one: one.zoom).features, familiar):
            on_note(STRANGE)
        if self.judge and finds is not None:
            confidence = judge.confidence(finds, self.judge)
            kept = evidence.chosen(finds, confidence)
        else:
            confidence = np.array([self.confidence(one.confidence) for one in sightings])
            kept = np.argsort(-confidence, kind="stable")
        kept = kept[confidence[kept] >= LEAST_CONFIDENCE]
        kept = [k for k in kept.tolist() if not covers(picture.boxes, sightings[k].outline)]
        self._size([sightings[k] for k in kept])
        step(1.0)
        limit = (image.shape[1], image.shape[0])
        return [
            Detection(np.clip(one.outline, 0, limit), float(confidence[k]), _kind(one), one.estimate)
            for k, one in ((k, sightings[k]) for k in kept)
        ]

    def finds(self, image):
        """All that a frame's judge would be asked about, as `evidence.Finds`; None of a huge frame."""
        return self._gathered(picture_of(cleaned(image)), lambda share: None)[2]

    def confidence(self, raw):
        """The share of such finds that are particles, fitted on frames that no network learnt from."""
        return float(sigmoid(self.trust["slope"] * evidence.odds(raw, 1e-4) + self.trust["offset"]))

    def features(self, image):
        """What the encoder sees of a frame at the first look (F,), for `familiarity`."""
        image = picture_of(cleaned(image)).image
        return self._look(image, min(OVERVIEWS_PX[0] / max(image.shape), 1.0), lambda: None).features

    def _gathered(self, picture, step):
        """Looks, settled sightings, and what is known of these; None of a frame too large to be judged."""
        is_judged = picture.image.size <= LARGE_FRAME_PX2
        is_searched = self.mode == "ours" and is_judged
        with ThreadPoolExecutor(1) as beside:  # half of its time the network leaves one core idle
            proposals = beside.submit(_proposals, picture).result if is_searched else _none
            looks = self._looks(picture.image, proposals, step)
            for look in looks:
                if look.view is not None:
                    look.proposed.update(_told(proposals(), look.view))
        learnt = [one for some in survivors(looks) for one in some]
        suited = [
            max(
                (look.proposed[k] for look in looks if k in look.proposed),
                key=lambda one: fitness(one.ecd_look_px),
            )
            for k in sorted(set().union(*(look.proposed for look in looks)))
        ]
        sightings = learnt + suited
        self._settle(sightings)
        if not is_judged:
            return looks, sightings, None
        low = np.array([one.outline.min(0) for one in sightings]).reshape(-1, 2)
        high = np.array([one.outline.max(0) for one in sightings]).reshape(-1, 2)
        finds = evidence.Finds(
            np.concatenate([low, high - low], axis=1),
            np.arange(len(sightings)) >= len(learnt),
            np.array([one.confidence for one in sightings]),
            np.array([one.maps for one in sightings]).reshape(
                -1, len(evidence.RINGS), len(evidence.MAPS) + 1
            ),
            np.array([one.ecd_look_px for one in sightings]),
        )
        return looks, sightings, finds

    def _looks(self, image, proposals, step):
        """Looks at the frame, the one at the best zoom last."""
        looks = []
        wanted = list(dict.fromkeys(min(side / max(image.shape), 1.0) for side in OVERVIEWS_PX))
        while wanted:
            zoom, begin = wanted.pop(0), 0.02 + 0.9 * len(looks) / (len(looks) + 2)
            looks.append(self._look(image, zoom, lambda begin=begin: step(begin), proposals))
            if wanted:
                continue
            best = best_zoom(looks, image.shape)
            away = min(abs(np.log2(one.zoom / best)) for one in looks)
            if away > NEAR and len(looks) < MOST_LOOKS:
                wanted.append(best)
        return sorted(looks, key=lambda one: -abs(np.log2(one.zoom / best)))

    def _look(self, image, zoom, step, proposals=None):
        canonical = Canonical(image, zoom)
        seen, features, proposed = [], [], {}

        def run(tile):
            maps, mean = self.maps(tile)
            features.append(mean[0])
            step()
            return maps

        places = list(windows(canonical.shape))
        for window, core in places:
            frame = canonical.window(*window)
            logits = predicted(frame, run, len(CHANNELS_OF[self.mode]))
            view = View(
                frame, dict(zip(CHANNELS_OF[self.mode], logits, strict=True)),
                np.array([window[1].start, window[0].start]), canonical.zoom_xy, canonical.shape[::-1],
            )  # fmt: skip
            found = DECODERS[self.mode](logits)
            mine = [
                Sighting(one, view)
                for one in found
                if _is_within(one.box[:2] + one.box[2:] / 2 + view.corner, core)
            ]
            if len(places) > 1:  # settled at once, so that no window's maps outlive it
                told = _told(proposals(), view, core) if proposals else {}
                self._size([*mine, *told.values()])
                proposed |= told
            seen += mine
        return Look(zoom, seen, np.mean(features, axis=0), proposed, view if len(places) == 1 else None)

    def _settle(self, sightings):
        """Give sightings their outlines and what the maps show around them."""
        for view, mine in _by_view(one for one in sightings if one.outline is None):
            outlines = [one.found.outline for one in mine]
            around = evidence.unknown(len(mine))
            if self.mode == "ours":
                around = evidence.sampled(view.frame, view.maps, outlines)
            for one, outline, maps in zip(mine, outlines, around, strict=True):
                one.outline, one.maps = (outline + view.corner) / view.zoom_xy, maps

    def _size(self, sightings):
        """Settle sightings and, by FeatureNet where there is one, give them sizes; their maps are let go."""
        self._settle(sightings)
        for view, mine in _by_view(one for one in sightings if one.view is not None):
            outlines = [one.found.outline for one in mine]
            estimates = self._estimates(view, outlines)
            for one, outline, estimate in zip(mine, *agreeing(outlines, estimates), strict=True):
                if estimate is not None:
                    one.outline, one.estimate = (outline + view.corner) / view.zoom_xy, estimate
                one.found = Settled(one.label, one.confidence, one.ecd_look_px, one.box)
                one.view = None

    def _estimates(self, view, outlines):
        if self.sizer is None or not outlines:
            return [None] * len(outlines)
        maps = {name: sigmoid(view.maps[name]) for name in ("foreground", "distance")}
        is_cut = [touches_border(one + view.corner, view.look_size) for one in outlines]
        return self.sizer(view.frame, maps, outlines, is_cut=is_cut)


def _kind(one):
    """A sighting's class; by the maps where the classical engine found it, which knows none."""
    if one.label != PROPOSED:
        return one.label
    tube, aggregate = one.maps[1, 4:6]
    return KINDS[2] if aggregate > 0.5 else KINDS[1] if tube > 0.5 else KINDS[0]


def _by_view(sightings):
    of_view = {}
    for one in sightings:
        of_view.setdefault(id(one.view), []).append(one)
    return [(mine[0].view, mine) for mine in of_view.values()]


def _none():
    return Proposals([], [])


def _told(proposals, view, core=None):
    """Proposals as sightings in a view, by their number; with `core` those whose middle lies in it."""
    outlines = [one * view.zoom_xy for one in proposals.outlines]
    return {
        k: Sighting(Instance(one - view.corner, PROPOSED, proposals.sure[k]), view)
        for k, one in enumerate(outlines)
        if core is None or _is_within((one.min(0) + one.max(0)) / 2, core)
    }


def _proposals(picture):
    outlines, quality = classical.proposals(picture.image, picture.boxes)
    return Proposals(outlines, [classical.confidence(one) for one in quality.tolist()])


def _is_within(middle, core):
    return all(span.start <= at < span.stop for span, at in zip(core, middle[::-1], strict=True))


def best_zoom(looks, shape):
    """The zoom at which the median of what the looks saw best would be CANONICAL_PX wide.

    Each find counts by how sure it is and how well its look suited it. Where hardly anything was seen,
    particles may be too small so far: three times the largest zoom, up to the frame's own sampling. Beyond
    it only for particles that were seen: enlarged noise looks like some.
    """
    most = ZOOMS[1] if shape[0] * shape[1] < LARGE_FRAME_PX2 else 1.0
    seen = [
        (one.ecd_look_px / look.zoom, one.confidence * fitness(one.ecd_look_px))
        for look, kept in zip(looks, survivors(looks), strict=True)
        for one in kept
    ]
    size, weight = np.array(seen).reshape(-1, 2).T
    finest = max(look.zoom for look in looks)
    if weight.sum() < FEW and finest < 1:
        return min(3 * finest, 1.0)
    if not len(size):
        return finest
    order = np.argsort(size)
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    zoom = float(np.clip(CANONICAL_PX / size[order][middle], ZOOMS[0], most))
    return zoom if weight.sum() >= FEW else min(zoom, 1.0)


def graphs():
    """`mlcore/inference/graphs.py`, which needs OpenVINO."""
    from mlcore.inference import graphs

    return graphs


def _detector(model):
    from mlcore.nets.detector import Seen, build_detector

    about = model.about["detector"]
    return Seen(load_into(build_detector(about["width"], CHANNELS_OF[about["mode"]]), model.path(DETECTOR)))


def _featurenet(model):
    from mlcore.nets.featurenet import build_featurenet

    return load_into(build_featurenet("ours"), model.path(FEATURENET))
