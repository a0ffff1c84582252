"""How well readings match the truth: pure functions on arrays, no files and no pictures.

Everywhere ``truth`` is ``(n,) int64`` 0-9; ``digit`` is ``(n,) int64`` 0-9, or :data:`NONE` where
no digit was read (a blank, or a file that could not be read); ``confidence`` is ``(n,) float64``
0-1, ``nan`` where no digit was read; ``right`` is ``(n,) bool``.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Truths = NDArray[np.bool_]

#: Stands for "no digit was read"; the last column of :func:`confusion`.
NONE = 10
#: Bins of equal width that confidences are sorted into, as in Guo et al.
BINS = 15


def confusion(truth: Whole, digit: Whole) -> Whole:
    """How often each digit was read as which: ``(10, 11) int64``, a row a truth.

    Column ``d`` counts readings of ``d``, column :data:`NONE` those without a digit.
    """
    flat = np.bincount(truth * (NONE + 1) + digit, minlength=NONE * (NONE + 1))
    return flat.reshape(NONE, NONE + 1).astype(np.int64)


class Confusion(NamedTuple):
    """``files`` times a ``truth`` was read as ``digit`` (:data:`NONE`: no digit was read)."""

    truth: int
    digit: int
    files: int


def worst_confusions(counts: Whole, most: int) -> list[Confusion]:
    """The commonest confusions of a matrix that :func:`confusion` made, at most ``most``."""
    found = [
        Confusion(int(truth), int(digit), int(counts[truth, digit]))
        for truth, digit in np.argwhere(counts)
        if truth != digit
    ]
    return sorted(found, key=lambda each: -each.files)[:most]


def f1(precision: float, recall: float) -> float:
    """The harmonic mean of both (van Rijsbergen, 1979), 0 for a digit that is never read.

    ``nan`` where there are no files of it.
    """
    if math.isnan(recall):
        return math.nan
    if math.isnan(precision):
        return 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def precision(counts: Whole) -> Real:
    """Share of right ones among what was read as each digit: ``(10,)``, ``nan`` for none."""
    return _share(np.diag(counts), counts[:, :NONE].sum(axis=0))


def recall(counts: Whole) -> Real:
    """Share of right ones among what each digit is: ``(10,)``, ``nan`` for none."""
    return _share(np.diag(counts), counts.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence against accuracy, in bins of equal width.

    ``files`` is ``(bins,) int64``; ``confidence`` and ``accuracy`` are the means of each bin,
    ``(bins,) float64``, ``nan`` where it is empty; bin ``i`` reaches from ``i / bins``, left out,
    to ``(i + 1) / bins``, counted in.
    """

    files: Whole
    confidence: Real
    accuracy: Real

    @property
    def error(self) -> float:
        """Expected calibration error, 0-1 (Naeini et al., AAAI 2015; Guo et al., ICML 2017).

        The mean over all files of the gap in their bin; ``nan`` where there are none.
        """
        gap = np.abs(np.nan_to_num(self.accuracy - self.confidence))
        total = self.files.sum()
        return float((self.files * gap).sum() / total) if total else math.nan


def calibration(confidence: Real, right: Truths, bins: int = BINS) -> Calibration:
    """Sort readings into ``bins`` by confidence; what has no confidence is left out."""
    known = ~np.isnan(confidence)
    confidence, right = confidence[known], right[known]
    # The upper edge belongs to a bin, as in Guo et al.; a confidence of 0 to the first one.
    place = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.intp)
    files = np.bincount(place, minlength=bins).astype(np.int64)
    sums = np.bincount(place, confidence, bins), np.bincount(place, right, bins)
    return Calibration(files, _share(sums[0], files), _share(sums[1], files))


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is right of the surest readings, the fewest first; three arrays of one length.

    Those with at least ``confidence`` are the share ``coverage`` of all files, and ``accuracy``
    of them is right; all ``float64``, 0-1.
    """

    confidence: Real
    coverage: Real
    accuracy: Real

    def reaching(self, accuracy: float) -> float:
        """The largest share of files of which that much is right; 0 where there is none."""
        good = self.coverage[self.accuracy >= accuracy]
        return float(good.max()) if len(good) else 0.0

    def thinned(self, most: int) -> "Coverage":
        """At most ``most`` points, spread evenly over the coverage; the first and last stay."""
        if len(self.coverage) <= most:
            return self
        wanted = np.linspace(self.coverage[0], self.coverage[-1], most)
        kept = np.unique(np.searchsorted(self.coverage, wanted).clip(max=len(self.coverage) - 1))
        return Coverage(self.confidence[kept], self.coverage[kept], self.accuracy[kept])


def coverage(confidence: Real, right: Truths) -> Coverage:
    """Accuracy against coverage (Geifman & El-Yaniv, NeurIPS 2017).

    A point for every confidence that occurs, since equally sure readings cannot be told apart.
    What has no confidence is never covered, but counts among all files.
    """
    order = np.argsort(-confidence, kind="stable")[: np.count_nonzero(~np.isnan(confidence))]
    sure, rights = confidence[order], np.cumsum(right[order])
    last = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)[: len(sure)])
    return Coverage(sure[last], (last + 1) / max(len(confidence), 1), rights[last] / (last + 1))


def _share(part: NDArray[np.generic], whole: Whole) -> Real:
    part = part.astype(np.float64)
    empty = np.full(len(part), np.nan)
    return np.asarray(np.divide(part, whole, out=empty, where=whole > 0), np.float64)
