"""Precision, recall and F1 over matched particles; every number at a stated overlap."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """Counts of one or more frames at one smallest overlap, and the ratios that follow."""

    n_matched: int
    n_true: int
    n_found: int

    @property
    def precision(self):
        """Matched of found; NaN where nothing was found."""
        return self.n_matched / self.n_found if self.n_found else float("nan")

    @property
    def recall(self):
        """Matched of true; NaN where nothing is there."""
        return self.n_matched / self.n_true if self.n_true else float("nan")

    @property
    def f1(self):
        """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall; NaN on an empty frame."""
        total = self.n_true + self.n_found
        return 2 * self.n_matched / total if total else float("nan")

    def __add__(self, other):
        return Score(
            self.n_matched + other.n_matched, self.n_true + other.n_true, self.n_found + other.n_found
        )


def score(matching):
    """The score of one frame's matching."""
    return Score(len(matching.pairs), matching.n_true, matching.n_found)


def total(scores):
    """Micro average: every particle counts the same, whichever frame it is on."""
    return sum(scores, Score(0, 0, 0))


def macro_f1(scores):
    """Macro average: every frame counts the same; empty frames with nothing found are left out."""
    values = [one.f1 for one in scores]
    return float(np.nanmean(values)) if not np.all(np.isnan(values)) else float("nan")


def precision_by_confidence(confidence, is_matched, edges=(0, 0.2, 0.4, 0.6, 0.8, 1.0)):
    """Share of matched detections in each bin of confidence: what a confidence is worth.

    Returns
    -------
    list of tuple
        (low, high, number of detections, share matched or NaN), one a bin.
    """
    confidence, is_matched = np.asarray(confidence, dtype=float), np.asarray(is_matched, dtype=bool)
    rows = []
    for low, high in pairwise(edges):
        chosen = (confidence >= low) & ((confidence < high) | ((high == edges[-1]) & (confidence <= high)))
        share = float(is_matched[chosen].mean()) if chosen.any() else float("nan")
        rows.append((low, high, int(chosen.sum()), share))
    return rows
