"""All figures of one evaluation, drawn once from the answers."""

from collections import Counter
from dataclasses import dataclass

from batchdigits.evaluation import metrics
from batchdigits.evaluation.metrics import CalibrationCurve, CoverageCurve, IntArray
from batchdigits.evaluation.predictions import PredictionSet
from batchdigits.percentages import compute_wilson_interval


@dataclass(frozen=True, slots=True)
class Proportion:
    """``right`` of ``files``; where there are no files there is no accuracy."""

    files: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Share that is right, 0-1."""
        return self.right / self.files if self.files else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy."""
        return compute_wilson_interval(self.right, self.files)


@dataclass(frozen=True, slots=True)
class EvaluationMetrics:
    """What an evaluation found.

    ``whole`` is all files that count, unread ones too, and ``sure`` those with the status ``ok``;
    ``counts`` the confusion matrix (see :func:`batchdigits.evaluation.metrics.confusion_matrix`).
    """

    overall: Proportion
    accepted: Proportion
    statuses: dict[str, int]
    unread: int
    blank: int
    multi_page_files: int
    confusion_matrix: IntArray
    calibration: CalibrationCurve
    coverage: CoverageCurve

    @property
    def review_share(self) -> float:
        """Share of files that a person is asked to look at, unread ones not counted, 0-1."""
        return self.statuses.get("review", 0) / self.overall.files

    def compute_digit_accuracy(self, digit: int) -> Proportion:
        """The files that truly are this digit."""
        return Proportion(
            int(self.confusion_matrix[digit].sum()), int(self.confusion_matrix[digit, digit])
        )


def compute_metrics(predictions: PredictionSet) -> EvaluationMetrics:
    """Measure; there must be at least one file."""
    right, sure, confidence = (
        predictions.right_mask(),
        predictions.accepted_mask(),
        predictions.confidences(),
    )
    unread = len(predictions.unread_files())
    counts = metrics.confusion_matrix(predictions.true_digits(), predictions.predicted_digits())
    return EvaluationMetrics(
        overall=Proportion(len(right), int(right.sum())),
        accepted=Proportion(int(sure.sum()), int(right[sure].sum())),
        statuses=dict(Counter(each.status for each in predictions.files)),
        unread=unread,
        blank=int(counts[:, metrics.NO_DIGIT].sum()) - unread,
        multi_page_files=len(predictions.multi_page_files),
        confusion_matrix=counts,
        calibration=metrics.compute_calibration_curve(confidence, right),
        coverage=metrics.compute_coverage_curve(confidence, right),
    )
