"""What the order of “annotate next” is worth: as many frames labelled in it, or by chance, then tested.

Simulated, on the data at hand: half of the frames of each material and tier are a pool from which frames are
labelled, the other half is tested on, and the other way round. What learns is the part of the network that
fits in seconds, its judge of finds, from nothing, on 4, 8, 12 and 16 labelled frames; its maps stay as
shipped. Those maps have seen the catalysts and the gold, and no frame of T1 to T6. Both orders meet the same
pools, test frames and learner; the interval is that of resampled test frames. A training of the whole network
was not simulated: on two cores one takes an hour.
"""

import os
import zlib
from functools import cache
from pathlib import Path

import numpy as np

from tests.benchmark.labelled import ROOT
from tests.benchmark.report import Row

BUDGETS = (4, 8, 12, 16)
POOLS, BY_CHANCE = 4, 3
POOL_SHARE = 0.7
TIER_FRAMES, SEED = 8, 9003
RIDGE = 0.05  # of few frames: ten times the release's
KEPT = Path(os.environ.get("ETEM_NEXT_WORK", Path(__file__).parents[2] / "data" / "bench-next"))
LEAST = 0.25
MOST_PX2 = 1200 * 1200  # larger ones take a minute each


def run():
    _remember()
    frames = [one for one in _frames() if len(one["finds"])]
    names = sorted({one["group"] for one in frames})
    pool, test = [], []
    for name in names:  # every second frame of a group, in an order that has nothing to do with its number
        mine = sorted((one for one in frames if one["group"] == name), key=lambda one: _code(one["name"]))
        pool += mine[::2]
        test += mine[1::2]
    counts = {"order": [], "chance": []}
    by_budget = {key: {budget: np.zeros(3) for budget in BUDGETS} for key in counts}
    for learnt, tested in ((pool, test), (test, pool)):  # so that every frame is tested on
        sums = _simulated(learnt, tested, by_budget)
        for key, rows in sums.items():
            counts[key].append(rows)
    return _rows({key: np.concatenate(rows) for key, rows in counts.items()}, by_budget, len(frames))


def _remember():
    """What is known of a frame's finds is computed once for all judges."""
    from mlcore.inference import evidence, judge
    from mlcore.training import judging

    evidence._crossings = cache(evidence._crossings)
    judge.features = judging.features = cache(evidence.features)


def _simulated(pool, test, by_budget):
    """Matched, true and found (N, 3) of the test frames, over all budgets, for either order."""
    counts = {"order": np.zeros((len(test), 3)), "chance": np.zeros((len(test), 3))}
    for number in range(POOLS):
        rng = np.random.default_rng(number)
        some = [pool[k] for k in rng.permutation(len(pool))[: round(POOL_SHARE * len(pool))]]
        draws = [("order", _order(some), 1.0)]
        draws += [("chance", rng.permutation(len(some)), 1 / BY_CHANCE) for _ in range(BY_CHANCE)]
        for key, order, weight in draws:
            for budget in BUDGETS:
                found = _tested([some[k] for k in order[:budget]], test)
                counts[key] += weight * found
                by_budget[key][budget] += weight * found.sum(0)
    return counts


def _rows(counts, by_budget, n_frames):
    from mlcore.evaluation.paired import f1_difference

    found = f1_difference(counts["order"], counts["chance"])
    note = f"95 % interval {found['low']:+.4f} to {found['high']:+.4f} over {n_frames} frames"
    rows = [Row("annotate next: F1 of its order less that of chance", found["value"], "", note=note)]
    for budget in BUDGETS:
        each = {key: by_budget[key][budget] for key in by_budget}
        values = {key: 2 * m / (t + f) for key, (m, t, f) in each.items()}
        rows.append(
            Row(f"annotate next: F1 from {budget} frames", values["order"], "",
                note=f"by chance {values['chance']:.4f}")
        )  # fmt: skip
    return rows


def _order(frames):
    from mlcore.inference.ordering import ordered

    columns = [[one[key] for one in frames] for key in ("agreement", "width", "strangeness", "features")]
    return ordered(*columns).order


def _tested(labelled, test):
    """Matched, true and found (N, 3) of test frames, by a judge of the labelled ones."""
    from mlcore.evaluation.evaluate import pair
    from mlcore.evaluation.frames import make_frame
    from mlcore.inference import evidence
    from mlcore.inference.judge import confidence
    from mlcore.training import judging

    judged = [judging.Judged(one["group"], None, one["finds"], one["answer"]) for one in labelled]
    try:
        judge = judging.fit(judged, RIDGE)
    except ValueError:  # the few frames hold right finds alone, or wrong ones
        judge = None
    rows = []
    for one in test:
        kept = np.zeros(0, int)
        if judge:
            sure = confidence(one["finds"], judge)
            kept = evidence.chosen(one["finds"], sure)
            kept = kept[sure[kept] >= LEAST]
        score = pair(one["true"], make_frame(one["name"], one["finds"].boxes[kept]), 0.5).score
        rows.append([score.n_matched, score.n_true, score.n_found])
    return np.array(rows, float)


def _frames():
    """Each frame's finds with their answers, and what the queue knows of it; looked at once, and kept."""
    import pickle

    from mlcore.inference.classical import ClassicalEngine
    from mlcore.inference.network import NetworkEngine

    engine, classical = NetworkEngine(), ClassicalEngine()
    KEPT.mkdir(parents=True, exist_ok=True)
    for group, frame in _labelled():
        path = (
            KEPT / f"{group}-{frame.name}-{_code(engine.version):08x}.pickle"
        )  # ours alone, never a stranger's
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(pickle.dumps(_looked_at(group, frame, engine, classical)))
            part.replace(path)
        yield pickle.loads(path.read_bytes())


def _looked_at(group, frame, engine, classical):
    from mlcore.evaluation.evaluate import pair
    from mlcore.evaluation.frames import make_frame
    from mlcore.inference.familiarity import strangeness
    from mlcore.training.judging import judged

    image = frame.labelled.image()
    mine = [one for one in engine.find(image) if one.confidence >= LEAST]
    theirs = [one for one in classical.find(image) if one.confidence >= LEAST]
    boxes = [make_frame(frame.name, [one.box for one in found]) for found in (theirs, mine)]
    score = pair(*boxes, 0.5).score
    estimates = [one.estimate for one in mine if one.estimate is not None]
    widths = [(one.ecd_factor_high - one.ecd_factor_low) / one.ecd_factor for one in estimates]
    known = judged(engine, frame, group=group, fold=None)
    features = engine.features(image)
    return {
        "name": frame.name, "group": group, "true": frame.true, "finds": known.finds, "answer": known.answer,
        "agreement": score.f1 if mine or theirs else 1.0, "width": np.mean(widths) if widths else np.nan,
        "strangeness": strangeness(features, engine.model.about["familiar"]), "features": features,
    }  # fmt: skip


def _labelled():
    """(group, TestFrame) of the tiers, and of the labelled sets that are on this machine."""
    from mlcore.evaluation.sets import SIMULATED, load_set, simulated

    for tier in SIMULATED:
        yield from ((tier, one) for one in simulated(tier, KEPT, TIER_FRAMES, 1, seed=SEED))
    for name in ("ardagen", "msa-em"):
        try:
            for one in load_set(name, data=ROOT, work=KEPT):
                if one.labelled.size_px[0] * one.labelled.size_px[1] <= MOST_PX2:
                    yield f"{name}-{one.name.rstrip('0123456789')}" if name == "ardagen" else name, one
        except FileNotFoundError:
            continue


def _code(text):
    return zlib.crc32(text.encode())
