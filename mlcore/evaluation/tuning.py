"""Settings of the peers, chosen on frames that no figure is taken from."""

from itertools import product

from mlcore.evaluation.evaluate import pair
from mlcore.evaluation.frames import make_frame
from mlcore.evaluation.scores import Score
from mlcore.inference.engine import DEFAULT_CONFIDENCE
from mlcore.inference.peers.forest import ForestEngine, train_forest
from mlcore.inference.peers.log import LogEngine
from mlcore.inference.peers.otsu import OtsuEngine

OTSU = [OtsuEngine(*one) for one in product((1.0, 3.0), (5, 15), (30,))]
LOG = [LogEngine(threshold, share) for threshold, share in product((0.6, 0.9, 1.3, 1.8), (0.1,))]
FOREST = [(distance, 20) for distance in (4, 8, 16)]


def tuned_otsu(examples):
    """The best of four settings on examples."""
    return best(OTSU, examples)


def tuned_log(examples):
    """The best of four settings on examples."""
    return best(LOG, examples)


def tuned_forest(examples, seed=0):
    """A forest of every second example's pixels, its watershed's setting the best of three on the others."""
    forest = train_forest(examples[::2] or examples, seed)
    return best([ForestEngine(forest, *one) for one in FOREST], examples[1::2] or examples)


def best(engines, examples):
    """The engine of the largest F1, over the particles of all examples; the first of equals."""
    return max(engines, key=lambda engine: f1(engine, examples))


def f1(engine, examples):
    """At an IoU of boxes of 0.5; 0 where nothing is there and nothing was found."""
    total = Score(0, 0, 0)
    for example in examples:
        boxes = [box_of(one) for one in example.outlines]
        true = make_frame(example.name, boxes, is_ignored=example.is_ignored)
        found = [one for one in engine.find(example.image) if one.confidence >= DEFAULT_CONFIDENCE]
        total += pair(true, make_frame(example.name, [one.box for one in found]), 0.5).score
    return total.f1 if total.n_true + total.n_found else 0.0


def box_of(outline):
    """x, y, width, height of an outline (V, 2)."""
    low, high = outline.min(0), outline.max(0)
    return (*low.tolist(), *(high - low).tolist())
