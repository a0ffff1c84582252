"""How well readings match the truth: pure functions on arrays, no files and no pictures.

Everywhere ``truth`` is ``(n,) int64``, 0-9; ``digit`` is ``(n,) int64``, 0-9, or :data:`NO_DIGIT`
where no digit was read (a blank, or a file that could not be read); ``confidence`` is
``(n,) float64``, 0-1, ``nan`` where no digit was read; ``right`` is ``(n,) bool``.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Stands for "no digit was read"; the last column of :func:`compute_confusion_matrix`.
NO_DIGIT = 10
#: Bins of equal width that confidences are sorted into, as in Guo et al.
BINS = 15


def compute_confusion_matrix(truth: IntArray, digit: IntArray) -> IntArray:
    """Count how often each digit was read as which.

    Args:
        truth: true digits, ``(n,) int64``, 0-9.
        digit: digits read, ``(n,) int64``, 0-9 or :data:`NO_DIGIT`.

    Returns:
        ``(10, 11) int64``: a row for each true digit, a column for each digit read, and last the
        column :data:`NO_DIGIT` for those without a digit.
    """
    flat = np.bincount(truth * (NO_DIGIT + 1) + digit, minlength=NO_DIGIT * (NO_DIGIT + 1))
    return flat.reshape(NO_DIGIT, NO_DIGIT + 1).astype(np.int64)


class Confusion(NamedTuple):
    """``files`` times a ``truth`` was read as ``digit`` (:data:`NO_DIGIT`: no digit was read)."""

    truth: int
    digit: int
    files: int


def find_worst_confusions(counts: IntArray, limit: int) -> list[Confusion]:
    """List the commonest confusions of a confusion matrix, at most ``limit`` of them.

    Args:
        counts: see :func:`compute_confusion_matrix`.
        limit: how many are returned at most.
    """
    confusions = [
        Confusion(int(truth), int(digit), int(counts[truth, digit]))
        for truth, digit in np.argwhere(counts)
        if truth != digit
    ]
    return sorted(confusions, key=lambda confusion: -confusion.files)[:limit]


def compute_f1(precision: float, recall: float) -> float:
    """Compute the harmonic mean of precision and recall (van Rijsbergen, 1979).

    Args:
        precision: 0-1, or ``nan`` for a digit that is never read.
        recall: 0-1, or ``nan`` for a digit of which there are no files.

    Returns:
        0-1; 0 for a digit that is never read, ``nan`` where there are no files of it.
    """
    if math.isnan(recall):
        return math.nan
    if math.isnan(precision):
        return 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def compute_precision(counts: IntArray) -> FloatArray:
    """Compute, for each digit, the share of its readings that are right.

    Args:
        counts: see :func:`compute_confusion_matrix`.

    Returns:
        ``(10,) float64``, 0-1; ``nan`` for a digit that is never read.
    """
    return _divide_or_nan(np.diag(counts), counts[:, :NO_DIGIT].sum(axis=0))


def compute_recall(counts: IntArray) -> FloatArray:
    """Compute, for each digit, the share of its files that are read right.

    Args:
        counts: see :func:`compute_confusion_matrix`.

    Returns:
        ``(10,) float64``, 0-1; ``nan`` for a digit of which there are no files.
    """
    return _divide_or_nan(np.diag(counts), counts.sum(axis=1))


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Confidence against accuracy, in bins of equal width.

    Bin ``i`` holds confidences above ``i / bins`` and up to ``(i + 1) / bins``.

    Attributes:
        files: how many there are in each bin, ``(bins,) int64``.
        confidence: their mean confidence, ``(bins,) float64``, 0-1; ``nan`` in an empty bin.
        accuracy: the share of them that is right, ``(bins,) float64``, 0-1; ``nan`` in an empty
            bin.
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
    """Sort readings into bins by confidence; those without confidence are left out.

    Args:
        confidence: ``(n,) float64``, 0-1 or ``nan``.
        right: ``(n,) bool``.
        bins: how many bins of equal width there are.
    """
    known = ~np.isnan(confidence)
    confidence, right = confidence[known], right[known]
    # The upper edge belongs to a bin, as in Guo et al.; a confidence of 0 to the first one.
    index = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.intp)
    files = np.bincount(index, minlength=bins).astype(np.int64)
    return CalibrationCurve(
        files,
        confidence=_divide_or_nan(np.bincount(index, confidence, bins), files),
        accuracy=_divide_or_nan(np.bincount(index, right, bins), files),
    )


@dataclass(frozen=True, slots=True)
class CoverageCurve:
    """How much is right of the surest readings, from the fewest to all: a point a confidence.

    Attributes:
        confidence: the lowest confidence that still counts, ``(points,) float64``, 0-1.
        coverage: the share of all files that has at least that, ``(points,) float64``, 0-1.
        accuracy: the share of these that is right, ``(points,) float64``, 0-1.
    """

    confidence: FloatArray
    coverage: FloatArray
    accuracy: FloatArray

    def find_coverage(self, accuracy: float) -> float:
        """Find the largest coverage at which the accuracy is reached; 0 where it never is."""
        sufficient = self.coverage[self.accuracy >= accuracy]
        return float(sufficient.max()) if len(sufficient) else 0.0

    def downsample(self, max_points: int) -> "CoverageCurve":
        """Choose points spread evenly over the coverage, the first and the last among them."""
        if len(self.coverage) <= max_points:
            return self
        targets = np.linspace(self.coverage[0], self.coverage[-1], max_points)
        last = len(self.coverage) - 1
        chosen = np.unique(np.searchsorted(self.coverage, targets).clip(max=last))
        return CoverageCurve(self.confidence[chosen], self.coverage[chosen], self.accuracy[chosen])


def compute_coverage_curve(confidence: FloatArray, right: BoolArray) -> CoverageCurve:
    """Compute accuracy against coverage (Geifman & El-Yaniv, NeurIPS 2017).

    There is a point for every confidence that occurs, since equally sure readings cannot be ranked.
    What has no confidence is never covered, but counts among all files.

    Args:
        confidence: ``(n,) float64``, 0-1 or ``nan``.
        right: ``(n,) bool``.
    """
    order = np.argsort(-confidence, kind="stable")[: np.count_nonzero(~np.isnan(confidence))]
    ranked, right_counts = confidence[order], np.cumsum(right[order])
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)])
    return CoverageCurve(
        confidence=ranked[last],
        coverage=(last + 1) / max(len(confidence), 1),
        accuracy=right_counts[last] / (last + 1),
    )


def _divide_or_nan(numerator: NDArray[np.generic], denominator: IntArray) -> FloatArray:
    numerator = numerator.astype(np.float64)
    empty = np.full(len(numerator), np.nan)
    return np.asarray(
        np.divide(numerator, denominator, out=empty, where=denominator > 0), np.float64
    )
