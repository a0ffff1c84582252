"""All metrics of one evaluation, computed once from its predictions."""

from collections import Counter
from dataclasses import dataclass

from batchdigits.evaluation import metrics
from batchdigits.evaluation.metrics import CalibrationCurve, CoverageCurve, IntArray
from batchdigits.evaluation.predictions import PredictionSet
from batchdigits.percentages import compute_wilson_interval
from batchdigits.reasons import Status


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
    """The metrics of one evaluation.

    Attributes:
        overall: all files that hold a digit and count, unread ones too; so do all figures below
            but for ``unread``, ``without_digit`` and ``multi_page_files``.
        accepted: the files with the status ``ok``.
        statuses: files by status.
        unread: files that could not be read.
        without_digit: the files that hold no digit; right are those in review.
        blank: files on which no ink was found.
        multi_page_files: files with several pages, which do not count.
        confusion_matrix: ``(10, 11) int64``, see
            :func:`batchdigits.evaluation.metrics.compute_confusion_matrix`.
        calibration: accuracy by confidence.
        coverage: accuracy of the surest readings.
    """

    overall: Proportion
    accepted: Proportion
    statuses: dict[str, int]
    unread: int
    without_digit: Proportion
    blank: int
    multi_page_files: int
    confusion_matrix: IntArray
    calibration: CalibrationCurve
    coverage: CoverageCurve

    @property
    def review_share(self) -> float:
        """Share of files that a person is asked to look at, unread ones not counted, 0-1."""
        return self.statuses.get("review", 0) / max(self.overall.files, 1)

    @property
    def accepted_share(self) -> float:
        """Share of files with the status ``ok``, 0-1."""
        return self.accepted.files / max(self.overall.files, 1)

    def compute_digit_accuracy(self, digit: int) -> Proportion:
        """Count the files that truly are this digit, and those of them read right."""
        return Proportion(
            int(self.confusion_matrix[digit].sum()), int(self.confusion_matrix[digit, digit])
        )


def compute_metrics(predictions: PredictionSet) -> EvaluationMetrics:
    """Compute all metrics of at least one prediction."""
    right, accepted = predictions.right_mask, predictions.accepted_mask
    confidence = predictions.confidences
    without_digit = predictions.without_digit
    counts = metrics.compute_confusion_matrix(predictions.true_digits, predictions.predicted_digits)
    return EvaluationMetrics(
        overall=Proportion(len(right), int(right.sum())),
        accepted=Proportion(int(accepted.sum()), int(right[accepted].sum())),
        statuses=dict(Counter(prediction.status for prediction in predictions.files)),
        unread=len(predictions.unread_files),
        without_digit=Proportion(
            len(without_digit), sum(prediction.is_right for prediction in without_digit)
        ),
        blank=sum(
            prediction.digit is None and prediction.status == Status.REVIEW
            for prediction in predictions.files
        ),
        multi_page_files=len(predictions.multi_page_files),
        confusion_matrix=counts,
        calibration=metrics.compute_calibration_curve(confidence, right),
        coverage=metrics.compute_coverage_curve(confidence, right),
    )
