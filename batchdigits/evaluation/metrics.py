"""How well readings match the truth: pure functions on arrays, no files and no pictures.

Everywhere ``truth`` is ``(n,) int64`` 0-9; ``digit`` is ``(n,) int64`` 0-9, or :data:`NO_DIGIT`
where
no digit was read (a blank, or a file that could not be read); ``confidence`` is ``(n,) float64``
0-1, ``nan`` where no digit was read; ``right`` is ``(n,) bool``.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Stands for "no digit was read"; the last column of :func:`confusion_matrix`.
NO_DIGIT = 10
#: Bins of equal width that confidences are sorted into, as in Guo et al.
BINS = 15


def confusion_matrix(truth: IntArray, digit: IntArray) -> IntArray:
    """How often each digit was read as which: ``(10, 11) int64``, a row a truth.

    Column ``d`` counts readings of ``d``, column :data:`NO_DIGIT` those without a digit.
    """
    flat = np.bincount(truth * (NO_DIGIT + 1) + digit, minlength=NO_DIGIT * (NO_DIGIT + 1))
    return flat.reshape(NO_DIGIT, NO_DIGIT + 1).astype(np.int64)


class Confusion(NamedTuple):
    """``files`` times a ``truth`` was read as ``digit`` (:data:`NO_DIGIT`: no digit was read)."""

    truth: int
    digit: int
    files: int


def find_worst_confusions(counts: IntArray, limit: int) -> list[Confusion]:
    """The commonest confusions of a matrix that :func:`confusion_matrix` made, at most ``most``."""
    found = [
        Confusion(int(truth), int(digit), int(counts[truth, digit]))
        for truth, digit in np.argwhere(counts)
        if truth != digit
    ]
    return sorted(found, key=lambda each: -each.files)[:limit]


def f1_score(precision: float, recall: float) -> float:
    """The harmonic mean of both (van Rijsbergen, 1979), 0 for a digit that is never read.

    ``nan`` where there are no files of it.
    """
    if math.isnan(recall):
        return math.nan
    if math.isnan(precision):
        return 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def precision(counts: IntArray) -> FloatArray:
    """Share of right ones among what was read as each digit: ``(10,)``, ``nan`` for none."""
    return _divide_or_nan(np.diag(counts), counts[:, :NO_DIGIT].sum(axis=0))


def recall(counts: IntArray) -> FloatArray:
    """Share of right ones among what each digit is: ``(10,)``, ``nan`` for none."""
    return _divide_or_nan(np.diag(counts), counts.sum(axis=1))


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Confidence against accuracy, in bins of equal width.

    ``files`` is ``(bins,) int64``; ``confidence`` and ``accuracy`` are the means of each bin,
    ``(bins,) float64``, ``nan`` where it is empty; bin ``i`` reaches from ``i / bins``, left out,
    to ``(i + 1) / bins``, counted in.
    """

    files: IntArray
    confidence: FloatArray
    accuracy: FloatArray

    @property
    def expected_error(self) -> float:
        """Expected calibration error, 0-1 (Naeini et al., AAAI 2015; Guo et al., ICML 2017).

        The mean over all files of the gap in their bin; ``nan`` where there are none.
        """
        gap = np.abs(np.nan_to_num(self.accuracy - self.confidence))
        total = self.files.sum()
        return float((self.files * gap).sum() / total) if total else math.nan


def compute_calibration_curve(
    confidence: FloatArray, right: BoolArray, bins: int = BINS
) -> CalibrationCurve:
    """Sort readings into ``bins`` by confidence; what has no confidence is left out."""
    known = ~np.isnan(confidence)
    confidence, right = confidence[known], right[known]
    # The upper edge belongs to a bin, as in Guo et al.; a confidence of 0 to the first one.
    place = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.intp)
    files = np.bincount(place, minlength=bins).astype(np.int64)
    sums = np.bincount(place, confidence, bins), np.bincount(place, right, bins)
    return CalibrationCurve(files, _divide_or_nan(sums[0], files), _divide_or_nan(sums[1], files))


@dataclass(frozen=True, slots=True)
class CoverageCurve:
    """What is right of the surest readings, the fewest first; three arrays of one length.

    Those with at least ``confidence`` are the share ``coverage`` of all files, and ``accuracy``
    of them is right; all ``float64``, 0-1.
    """

    confidence: FloatArray
    coverage: FloatArray
    accuracy: FloatArray

    def find_coverage(self, accuracy: float) -> float:
        """The largest share of files of which that much is right; 0 where there is none."""
        good = self.coverage[self.accuracy >= accuracy]
        return float(good.max()) if len(good) else 0.0

    def downsample(self, max_points: int) -> "CoverageCurve":
        """At most ``most`` points, spread evenly over the coverage; the first and last stay."""
        if len(self.coverage) <= max_points:
            return self
        wanted = np.linspace(self.coverage[0], self.coverage[-1], max_points)
        kept = np.unique(np.searchsorted(self.coverage, wanted).clip(max=len(self.coverage) - 1))
        return CoverageCurve(self.confidence[kept], self.coverage[kept], self.accuracy[kept])


def compute_coverage_curve(confidence: FloatArray, right: BoolArray) -> CoverageCurve:
    """Accuracy against coverage (Geifman & El-Yaniv, NeurIPS 2017).

    A point for every confidence that occurs, since equally sure readings cannot be told apart.
    What has no confidence is never covered, but counts among all files.
    """
    order = np.argsort(-confidence, kind="stable")[: np.count_nonzero(~np.isnan(confidence))]
    sure, rights = confidence[order], np.cumsum(right[order])
    last = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)[: len(sure)])
    return CoverageCurve(
        sure[last], (last + 1) / max(len(confidence), 1), rights[last] / (last + 1)
    )


def _divide_or_nan(numerator: NDArray[np.generic], denominator: IntArray) -> FloatArray:
    numerator = numerator.astype(np.float64)
    empty = np.full(len(numerator), np.nan)
    return np.asarray(
        np.divide(numerator, denominator, out=empty, where=denominator > 0), np.float64
    )
